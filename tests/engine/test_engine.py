from engine.builders import Rig, route


def test_x():
    rig = Rig(route())
    rig.show((99.0, 100.0), (101.0, 102.0))
    print(rig.placed, rig.decisions)
    rig.fill_all()
    print(rig.closed)
