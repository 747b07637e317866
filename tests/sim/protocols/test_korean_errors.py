import json

from arbitrage.sim.protocols.korean_errors import Refusal, error_answer, json_answer


def test_an_error_has_a_name_and_a_message() -> None:
    answer = error_answer(404, 404, "Code not found")
    assert isinstance(answer.body, bytes)
    assert json.loads(answer.body) == {"error": {"name": 404, "message": "Code not found"}}
    assert (answer.status, answer.content_type) == (404, "application/json")


def test_a_refusal_has_what_its_answer_needs() -> None:
    refusal = Refusal("order_not_found", "nowhere", 404)
    assert (str(refusal), refusal.name, refusal.message, refusal.status) == (
        "order_not_found",
        "order_not_found",
        "nowhere",
        404,
    )
    assert json_answer([1], 201).body == b"[1]"
