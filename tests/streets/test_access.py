"""What a person on foot may use, and what may be offered as a hill."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hillfinder.streets.tags import access, access_tables
from hillfinder.streets.tags.access import Access, decide

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    Tags = dict[str, str]

DATA = Path(__file__).parents[3] / "shared" / "data"
PORTLAND = DATA / "portland" / "portland-central-filtered.osm.pbf"
MONACO = DATA / "monaco" / "monaco.osm.gz"
GRENOBLE = DATA / "grenoble" / "osm_graph.graphml"


def tags_of(text: str) -> Tags:
    """Read ``highway=path foot=yes``."""
    return dict(pair.split("=", 1) for pair in text.split())


def having(path: Path) -> Path:
    """Skip the test where a file of real data is absent."""
    if not path.exists():
        pytest.skip(f"needs real data: {path.name} is not there")
    return path


def ways(path: Path) -> Iterator[tuple[int, Tags]]:
    """Yield id and tags of every way that has ``highway``."""
    osmium = pytest.importorskip("osmium")
    for way in osmium.FileProcessor(str(having(path)), osmium.osm.WAY):
        if "highway" in way.tags:
            yield way.id, {tag.k: tag.v for tag in way.tags}


# Hills. Tags as they stand in Portland, Monaco and Le Sappey-en-Chartreuse, where they are real
# combinations of a place; the rest as the wiki pages of the keys have them.
HILLS = [
    "highway=residential name=Southwest_College_Street maxspeed=25_mph oneway=yes",
    "highway=residential name=Southwest_18th_Avenue bicycle=designated",
    "highway=residential access=destination name=Southwest_Davenport_Street",
    "highway=residential sidewalk=separate",
    "highway=living_street name=Rue_Grimaldi",
    "highway=unclassified name=Chemin_de_la_Rousse",
    "highway=tertiary sidewalk=both bicycle=designated name=Southwest_Vista_Avenue",
    "highway=secondary sidewalk=none name=West_Burnside_Street",
    "highway=primary sidewalk=right foot=yes oneway=yes name=Southwest_Hood_Avenue",
    "highway=trunk foot=yes sidewalk=right bicycle=yes name=Southwest_Naito_Parkway",
    "highway=trunk sidewalk=both",
    "highway=trunk sidewalk=left",
    "highway=trunk sidewalk=yes",
    "highway=trunk sidewalk:left=yes",
    "highway=trunk sidewalk:both=yes",
    "highway=trunk sidewalk:right=yes sidewalk:left=no",
    "highway=trunk sidewalk=left;right",
    "highway=pedestrian bicycle=designated name=Southwest_Ankeny_Street",
    "highway=footway",
    "highway=footway footway=sidewalk wheelchair=no name=Southwest_Vista_Avenue",
    "highway=footway footway=sidewalk public_transport=platform ref=6077",
    "highway=footway footway=crossing",
    "highway=footway footway=traffic_island",
    "highway=crossing",
    "highway=footway layer=-1 name=Rampe_Major",
    "highway=footway layer=0 level=0",
    "highway=path path=crossing foot=designated bicycle=designated",
    "highway=path informal=yes",
    "highway=path sac_scale=hiking width=0.5",
    "highway=path sac_scale=mountain_hiking trail_visibility=good",
    "highway=path sac_scale=hiking;mountain_hiking trail_visibility=intermediate",
    "highway=path opening_hours=24/7 seasonal=no fee=no ford=no",
    "highway=track tracktype=grade1 name=Northwest_Springville_Road",
    "highway=track motor_vehicle=no",
    "highway=path;track",
    # A tag that says no says nothing.
    "highway=residential bridge=no tunnel=no covered=no indoor=no area=no conveying=no",
    "highway=residential motorroad=no construction=no disused=no abandoned=no oneway:foot=no",
    "highway=path bridge= tunnel=none covered=false conveying=0",
    "highway=path golf=no step_count=0 location=overground floating=no",
    # Foot over access.
    "highway=path access=private foot=yes",
    "highway=path access=no foot=designated bicycle=designated",
    "highway=track access=agricultural foot=permissive",
    "highway=footway access=destination foot=permissive name=North_Gantenbein_Avenue",
    "highway=path access=customers foot=official",
    "highway=path foot=allowed",
    "highway=path foot=public",
    "highway=path foot=yes;permissive",
    "highway=path foot=yes access=unknown",
    "highway=footway access=permissive",
    # Made for others, and feet are let in.
    "highway=cycleway foot=designated bicycle=designated segregated=yes",
    "highway=cycleway foot=yes name=Springwater_on_the_Willamette",
    "highway=cycleway access=yes",
    "highway=bridleway foot=yes",
    # Public lanes among the service roads.
    "highway=service foot=designated motor_vehicle=no",
    "highway=service access=permissive",
    "highway=service name=Southwest_Broadway_Drive",
    "highway=service service=alley name=Southeast_Cypress_Alley access=destination",
    "highway=road name=Chemin_des_Serres",
    # A condition that opens closes nothing; one on access does not count where foot speaks.
    "highway=path foot:conditional=yes@(06:00-22:00)",
    "highway=path foot=yes access:conditional=no@(22:00-06:00)",
    # Case, blanks and an empty value are no news.
    "highway=Residential foot=YES",
    "highway=path foot= access=",
]

# Not a hill, but a route may pass.
PASSABLE = [
    ("highway=steps incline=up name=Southwest_Elevator_Street_Walk", "stairs"),
    ("highway=steps bridge=yes layer=1", "stairs"),
    ("highway=steps;footway", "stairs"),
    ("highway=footway step_count=3", "stairs"),
    ("highway=footway steps=yes", "stairs"),
    # The ground is not under the feet.
    ("highway=tertiary bridge=yes layer=1 name=Southwest_Vista_Avenue sidewalk=both", "bridge"),
    ("highway=footway bridge=yes bridge:structure=suspension layer=1", "bridge"),
    ("highway=secondary bridge=movable bridge:movable=lift sidewalk=right layer=3", "bridge"),
    ("highway=trunk bridge=viaduct foot=yes sidewalk=right", "bridge"),
    ("highway=path bridge=boardwalk foot=designated", "bridge"),
    ("highway=path bridge=cantilever", "bridge"),
    ("highway=path bridge=aqueduct", "bridge"),
    ("highway=footway bridge=covered", "bridge"),
    ("highway=track bridge=low_water_crossing", "bridge"),
    ("highway=path bridge=abandoned", "bridge"),
    ("highway=path bridge=no;yes", "bridge"),
    ("highway=footway location=bridge", "bridge"),
    ("highway=footway location=overhead", "bridge"),
    ("highway=footway man_made=bridge", "bridge"),
    ("highway=primary tunnel=yes layer=-1 name=Tunnel_Rocher_Albert_II", "tunnel"),
    ("highway=path tunnel=culvert", "tunnel"),
    ("highway=residential tunnel=avalanche_protector", "tunnel"),
    ("highway=footway location=underground", "tunnel"),
    ("highway=footway man_made=tunnel", "tunnel"),
    ("highway=footway tunnel=building_passage", "passage through a building"),
    ("highway=footway covered=yes", "covered way"),
    ("highway=pedestrian covered=arcade", "covered way"),
    ("highway=footway man_made=pier bicycle=no", "pier"),
    ("man_made=pier floating=yes", "pier"),
    ("highway=path floating=yes", "floating walkway"),
    ("highway=footway location=roof", "roof"),
    ("highway=footway location=rooftop", "roof"),
    ("highway=footway level=4", "floor of a building"),
    ("highway=footway level=0;1", "floor of a building"),
    ("highway=footway layer=1", "raised above the ground"),
    ("highway=footway layer=2", "raised above the ground"),
    ("highway=path layer=3", "raised above the ground"),
    ("highway=path layer=4", "raised above the ground"),
    ("highway=path layer=5", "raised above the ground"),
    # Ramps between roads.
    ("highway=trunk_link foot=yes bicycle=yes sidewalk=right", "ramp"),
    ("highway=trunk_link sidewalk=left", "ramp"),
    ("highway=primary_link sidewalk=right", "ramp"),
    ("highway=secondary_link sidewalk=right ref=OR_99W name=Steel_Bridge", "ramp"),
    ("highway=tertiary_link", "ramp"),
    ("highway=unclassified_link", "ramp"),
    ("highway=residential_link", "ramp"),
    ("highway=motorway_link foot=yes bicycle=no sidewalk=right", "motorway ramp"),
    # Roads that only a foot permission opens, and then for passing.
    ("highway=trunk foot=yes sidewalk=none", "trunk road without a sidewalk"),
    ("highway=primary motorroad=yes foot=yes", "motor road"),
    ("highway=busway foot=yes", "busway"),
    ("highway=bus_guideway foot=designated", "busway"),
    ("highway=raceway foot=yes", "race track"),
    ("highway=rest_area foot=yes", "motorway services"),
    ("highway=services foot=yes", "motorway services"),
    # Ground that only a foot permission opens, and then for passing.
    ("highway=path golf=cartpath foot=yes", "golf course"),
    ("highway=track leisure=golf_course foot=designated", "golf course"),
    ("highway=footway aeroway=taxiway foot=yes", "runway"),
    ("highway=track military=training_area foot=yes", "military"),
    ("highway=track landuse=military foot=permissive", "military"),
    ("highway=path disused=yes foot=yes", "disused"),
    ("highway=path abandoned=yes foot=yes", "abandoned"),
    ("highway=footway fee=yes foot=permissive", "a ticket is needed"),
    # Somebody's yard, or nobody knows whose.
    ("highway=service", "service road without a name"),
    ("highway=service access=destination", "service road without a name"),
    ("highway=service access=destination service=alley", "service road without a name"),
    ("highway=service foot=cr access=yes", "service road without a name"),
    ("highway=road", "road of unknown kind"),
    ("highway=cycleway bicycle=designated", "cycleway, and no word on feet"),
    ("highway=cycleway name=Northeast_Lloyd_Boulevard", "cycleway, and no word on feet"),
    ("highway=bridleway", "bridleway, and no word on feet"),
    ("highway=service service=parking_aisle access=permissive", "parking aisle"),
    ("highway=service service=parking", "parking aisle"),
    ("highway=footway footway=access_aisle", "parking aisle"),
    ("highway=service service=driveway", "driveway"),
    ("highway=service service=driveway foot=designated", "driveway"),
    ("highway=service service=driveway2", "driveway"),
    ("highway=service service=alley;driveway", "driveway"),
    ("highway=pedestrian service=driveway", "driveway"),
    ("highway=service service=drive-through", "drive-through"),
    ("highway=service service=drive_through name=Window", "drive-through"),
    ("highway=service service=emergency_access name=Fire_Lane", "emergency access"),
    ("highway=service service=slipway foot=yes", "slipway"),
    ("highway=service leisure=slipway foot=yes", "slipway"),
    ("highway=service service=layby foot=yes", "lay-by"),
    ("highway=service service=garage foot=yes", "garages"),
    ("highway=service service=garages foot=yes", "garages"),
    ("highway=service service=yard foot=yes", "yard"),
    # Not a line to run along.
    ("highway=pedestrian area=yes name=Ankeny_Arcade", "open area"),
    ("highway=platform", "platform"),
    ("highway=footway railway=platform public_transport=platform", "platform"),
    ("railway=platform area=yes shelter=yes", "platform"),
    ("highway=tertiary construction=tertiary sidewalk=both", "construction"),
    ("highway=residential construction=minor", "construction"),
    ("highway=path ford=yes", "ford"),
    ("highway=path ford=stepping_stones", "ford"),
    ("highway=path sac_scale=demanding_mountain_hiking", "demanding mountain path"),
    ("highway=path trail_visibility=bad", "path hard to see"),
    ("highway=path oneway:foot=yes", "one way on foot"),
    ("highway=secondary oneway=yes sidewalk=left foot:backward=no", "one way on foot"),
    ("highway=path foot:backward=private", "one way on foot"),
    ("highway=path foot:forward=no", "one way on foot"),
    ("highway=path foot:forward=private", "one way on foot"),
    # Doubt about who may.
    ("highway=footway foot=cr", "access unclear"),
    ("highway=footway foot=dismount", "access unclear"),
    ("highway=footway foot=unknown", "access unclear"),
    ("highway=footway access=unknown surface=paved width=1.7", "access unclear"),
    ("highway=path foot=yes;cr", "access unclear"),
    ("highway=residential foot=discouraged", "discouraged on foot"),
    ("highway=path access=private foot=discouraged", "discouraged on foot"),
    ("highway=path foot=destination", "destination only"),
    ("highway=path access=no foot=destination", "destination only"),
    ("highway=residential foot=destination", "destination only"),
    ("highway=footway access=destination bicycle=no name=Portland_Spirit", "destination only"),
    ("highway=pedestrian access=destination", "destination only"),
    ("highway=path access=destination", "destination only"),
    # Open today, shut tonight.
    ("highway=path opening_hours=06:00-22:00", "closed at times"),
    ("highway=path seasonal=summer", "closed at times"),
    ("highway=path foot:conditional=no@(22:00-06:00)", "closed at times"),
    ("highway=path foot=yes foot:conditional=no@(22:00-06:00)", "closed at times"),
    ("highway=path access:conditional=no@(Nov-Mar)", "closed at times"),
    ("highway=path access:conditional=yes@(summer);private@(winter)", "closed at times"),
    ("highway=path access:conditional=destination@(Mo-Fr_07:00-09:00;Sa)", "closed at times"),
    ("highway=path foot=cr access=yes access:conditional=no@night", "access unclear"),
    ("highway=path foot:conditional=no", "closed at times"),
]

# Not for feet.
CLOSED = [
    ("highway=motorway bridge=yes foot=no name=Fremont_Bridge", "motorway"),
    ("highway=motorway tunnel=yes layer=-1 name=Vista_Ridge_Tunnel", "motorway"),
    ("highway=motorway foot=yes", "motorway"),
    ("highway=motorway_link bicycle=no bridge=yes", "motorway ramp"),
    ("highway=motorway_link access=yes sidewalk=right", "motorway ramp"),
    ("highway=trunk bicycle=yes sidewalk=none", "trunk road without a sidewalk"),
    ("highway=trunk access=yes", "trunk road without a sidewalk"),
    ("highway=trunk sidewalk=separate", "trunk road without a sidewalk"),
    ("highway=trunk sidewalk=none;right", "trunk road without a sidewalk"),
    ("highway=trunk_link bicycle=yes", "ramp"),
    ("highway=primary motorroad=yes sidewalk=both", "motor road"),
    ("highway=busway", "busway"),
    ("highway=bus_guideway", "busway"),
    ("highway=raceway", "race track"),
    ("highway=rest_area", "motorway services"),
    ("highway=services access=yes", "motorway services"),
    ("highway=escape foot=yes", "runaway truck ramp"),
    ("highway=elevator", "lift"),
    ("highway=corridor foot=yes", "indoors"),
    ("highway=via_ferrata", "climbing route"),
    ("highway=ladder", "ladder"),
    ("highway=construction construction=footway", "construction"),
    ("highway=construction construction=cycleway foot=yes bridge=yes", "construction"),
    ("highway=residential construction=yes", "construction"),
    ("highway=path construction=true", "construction"),
    ("highway=path construction=1", "construction"),
    ("highway=proposed proposed=residential", "not built yet"),
    ("highway=planned", "not built yet"),
    ("highway=disused disused=path", "disused"),
    ("highway=abandoned", "abandoned"),
    ("highway=residential disused=yes name=North_Randolph_Avenue", "disused"),
    ("highway=path abandoned=yes", "abandoned"),
    ("highway=razed", "no longer there"),
    ("highway=demolished", "no longer there"),
    ("highway=dismantled", "no longer there"),
    ("highway=destroyed", "no longer there"),
    ("highway=removed", "no longer there"),
    ("highway=historic", "no longer there"),
    ("highway=no foot=yes", "no longer there"),
    ("highway=bus_stop", "not a street or path"),
    ("highway=;", "not a street or path"),
    ("railway=rail bridge=yes", "not a street or path"),
    ("man_made=breakwater", "not a street or path"),
    ("route=ferry foot=yes", "not a street or path"),
    ("highway=path;motorway", "motorway"),
    # The law.
    (
        "highway=cycleway foot=no bicycle=designated bridge=yes name=Broadway_Bridge",
        "no access on foot",
    ),
    ("highway=path bicycle=designated foot=no", "no access on foot"),
    ("highway=trunk foot=no sidewalk=right", "no access on foot"),
    ("highway=secondary sidewalk=none bicycle=yes foot=no oneway=yes", "no access on foot"),
    ("highway=service foot=no access=destination bicycle=yes", "no access on foot"),
    ("highway=path access=yes foot=no", "no access on foot"),
    ("highway=path foot=NO", "no access on foot"),
    ("highway=path foot=none", "no access on foot"),
    ("highway=path foot=prohibited", "no access on foot"),
    ("highway=path access=restricted", "no access on foot"),
    ("highway=path foot=yes;no", "no access on foot"),
    ("highway=service service=driveway access=no", "no access on foot"),
    ("highway=footway access=no", "no access on foot"),
    ("highway=footway access=no foot=cr", "no access on foot"),
    ("highway=footway access=no foot=unknown", "no access on foot"),
    ("highway=primary foot=use_sidepath sidewalk=separate", "feet must use the path beside it"),
    ("highway=primary foot=separate", "feet must use the path beside it"),
    ("highway=footway foot=private", "private"),
    ("highway=footway access=yes foot=private", "private"),
    ("highway=steps access=private surface=concrete;wood", "private"),
    ("highway=service access=private service=parking_aisle", "private"),
    ("highway=service access=residents", "private"),
    ("highway=path access=members", "private"),
    ("highway=path access=employees", "private"),
    ("highway=path access=staff", "private"),
    ("highway=path access=students", "private"),
    ("highway=path access=yes;private", "private"),
    ("highway=track access=customers", "customers only"),
    ("highway=path access=permit", "permit only"),
    ("highway=path access=license", "permit only"),
    ("highway=track access=military", "military"),
    ("highway=service access=delivery", "closed to the public"),
    ("highway=track access=agricultural;forestry", "closed to the public"),
    ("highway=track access=agricultural", "closed to the public"),
    ("highway=track access=forestry", "closed to the public"),
    ("highway=service access=emergency", "closed to the public"),
    ("highway=unclassified access=psv", "closed to the public"),
    # A condition never opens what is closed for certain.
    ("highway=path access=no access:conditional=yes@(06:00-22:00)", "no access on foot"),
    ("highway=path foot=no foot:conditional=yes@(summer)", "no access on foot"),
    ("highway=motorway foot:conditional=yes@(Su)", "motorway"),
    # Of no use on foot, whatever the law.
    ("highway=steps conveying=forward incline=up", "escalator"),
    ("highway=footway conveying=yes foot=yes", "escalator"),
    ("highway=steps escalator=yes escalator_dir=up", "escalator"),
    ("highway=footway indoor=yes bridge=yes layer=1 surface=linoleum", "indoors"),
    ("highway=footway location=indoor", "indoors"),
    ("highway=path sac_scale=alpine_hiking", "alpine route"),
    ("highway=path sac_scale=demanding_alpine_hiking foot=yes", "alpine route"),
    ("highway=path sac_scale=difficult_alpine_hiking", "alpine route"),
    ("highway=path sac_scale=mountain_hiking;alpine_hiking", "alpine route"),
    ("highway=path trail_visibility=horrible", "no path to be seen"),
    ("highway=path trail_visibility=no", "no path to be seen"),
    # Ground that is not for everybody.
    ("highway=path golf=cartpath", "golf course"),
    ("highway=service golf=path access=yes", "golf course"),
    ("highway=track leisure=golf_course", "golf course"),
    ("highway=service aeroway=runway", "runway"),
    ("highway=service aeroway=taxiway", "runway"),
    ("highway=service aeroway=aerodrome", "airfield"),
    ("highway=track military=range", "military"),
    ("highway=track landuse=military", "military"),
    ("highway=footway fee=yes", "a ticket is needed"),
]


@pytest.mark.parametrize("text", HILLS)
def test_hill(text: str) -> None:
    """It may be offered as a hill."""
    assert decide(tags_of(text)) == Access(walk=True, hill=True, why="")


@pytest.mark.parametrize(("text", "why"), PASSABLE)
def test_passable(text: str, why: str) -> None:
    """A route may pass, and it is no hill, for the reason given."""
    assert decide(tags_of(text)) == Access(walk=True, hill=False, why=why)


@pytest.mark.parametrize(("text", "why"), CLOSED)
def test_closed(text: str, why: str) -> None:
    """No route passes, for the reason given."""
    assert decide(tags_of(text)) == Access(walk=False, hill=False, why=why)


SAID = ("", "name=Nameless_Lane", "foot=yes", "access=yes", "sidewalk=both", "access=private")

# For each of SAID: H a hill, W may be walked, a dot closed.
BY_KIND = {
    "HHHHH.": "primary secondary tertiary unclassified residential living_street pedestrian "
    "footway path track crossing",
    "WHHHW.": "service road",
    "WWHHW.": "cycleway bridleway",
    "WWWWW.": "steps platform primary_link secondary_link tertiary_link unclassified_link "
    "residential_link",
    "..W.H.": "trunk",
    "..W.W.": "trunk_link",
    "..W...": "motorway_link busway bus_guideway raceway rest_area services",
    "......": "motorway escape elevator corridor via_ferrata ladder construction proposed planned "
    "disused abandoned razed demolished dismantled destroyed removed historic no bus_stop",
}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(kind, expected) for expected, kinds in BY_KIND.items() for kind in kinds.split()],
)
def test_every_kind(kind: str, expected: str) -> None:
    """A kind of way by itself, with a name, a foot permission and so on."""
    judged = [decide({"highway": kind, **tags_of(said)}) for said in SAID]
    assert "".join("H" if one.hill else "W" if one.walk else "." for one in judged) == expected


def test_blanks_are_no_news() -> None:
    """Values are read without outer blanks, also inside a list."""
    assert decide({"highway": " path ", "foot": " No"}) == decide(tags_of("highway=path foot=no"))
    assert decide({"highway": "path", "access": "yes ; Private"}).why == "private"
    assert decide({"highway": "service", "name": "  "}).why == "service road without a name"


def test_condition_with_blanks() -> None:
    """A condition is written with blanks, and may hold semicolons of its own."""
    tags = {"highway": "path", "foot:conditional": "yes @ (Mo-Fr 07:00-09:00; Sa 08:00-10:00)"}
    assert decide(tags).hill
    tags["foot:conditional"] += "; no @ (Su)"
    assert decide(tags) == Access(walk=True, hill=False, why="closed at times")


@pytest.mark.parametrize(
    ("text", "steps", "structure", "deck"),
    [
        ("highway=residential", False, False, False),
        ("highway=residential bridge=no tunnel=no covered=no layer=0", False, False, False),
        ("highway=path step_count=0", False, False, False),
        ("highway=steps incline=up", True, False, False),
        ("highway=Steps", True, False, False),
        ("highway=steps bridge=yes", True, True, True),
        ("highway=footway;steps", True, False, False),
        ("highway=footway step_count=28", True, False, False),
        ("highway=motorway bridge=yes foot=no layer=3", False, True, True),
        ("highway=footway bridge=yes indoor=yes layer=1", False, True, True),
        ("highway=path bridge=no;yes", False, True, True),
        ("highway=construction construction=cycleway bridge=yes", False, True, True),
        ("highway=service bridge=yes disused=yes access=no layer=4", False, True, True),
        ("highway=proposed bridge=yes", False, True, False),
        ("highway=razed bridge=yes", False, True, False),
        ("railway=rail bridge=viaduct", False, True, True),
        ("railway=abandoned bridge=yes", False, True, True),
        ("railway=razed bridge=yes", False, True, False),
        ("railway=proposed bridge=yes", False, True, False),
        ("waterway=canal bridge=aqueduct", False, True, True),
        ("man_made=pipeline bridge=yes", False, True, False),
        ("railway=rail bridge=no", False, False, False),
        ("highway=primary tunnel=yes layer=-1", False, True, False),
        ("highway=footway tunnel=building_passage", False, True, False),
        ("highway=footway covered=yes", False, True, False),
        ("highway=footway indoor=yes", False, True, False),
        ("highway=footway location=indoor", False, True, False),
        ("highway=corridor", False, True, False),
        ("highway=elevator", False, True, False),
        ("highway=footway man_made=pier", False, True, False),
        ("highway=tertiary layer=1", False, True, False),
        ("highway=footway level=-1", False, True, False),
        # Sunken, or with a bridge over it: the ground is under the feet all the same.
        ("highway=primary layer=-1 name=Southeast_Powell_Boulevard", False, False, False),
    ],
)
def test_built(text: str, *, steps: bool, structure: bool, deck: bool) -> None:
    """Stairs, structures and decks are told from each other."""
    tags = tags_of(text)
    assert access.is_steps(tags) is steps
    assert access.is_structure(tags) is structure
    assert access.is_deck(tags) is deck


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("leisure=golf_course name=Portland_Golf_Club", "golf course"),
        ("leisure=miniature_golf", "golf course"),
        ("golf=fairway", "golf course"),
        ("golf=no", ""),
        ("leisure=water_park", "water park"),
        ("aeroway=runway area=yes", "runway"),
        ("aeroway=taxiway", "runway"),
        ("aeroway=stopway", "runway"),
        ("aeroway=apron", "airfield"),
        ("aeroway=aerodrome", "airfield"),
        ("aeroway=heliport", "airfield"),
        ("aeroway=helipad", "airfield"),
        ("aeroway=terminal", ""),
        ("landuse=military", "military area"),
        *((f"military={value}", "military area") for value in ("airfield", "barracks", "base")),
        *((f"military={value}", "military area") for value in ("danger_area", "naval_base")),
        *((f"military={value}", "military area") for value in ("obstacle_course", "range")),
        ("military=training_area", "military area"),
        ("military=bunker", ""),
        ("landuse=quarry", "quarry"),
        ("landuse=landfill", "landfill"),
        ("landuse=construction", "construction site"),
        ("amenity=prison", "prison"),
        ("tourism=zoo", "zoo"),
        ("tourism=theme_park", "theme park"),
        ("power=plant", "power station"),
        ("power=substation", "power station"),
        ("amenity=parking", "car park"),
        ("amenity=parking parking=surface area=yes", "car park"),
        # Streets and squares lie over and under these.
        ("amenity=parking parking=underground", ""),
        ("amenity=parking parking=multi-storey", ""),
        ("leisure=golf_course area=no", ""),
        ("leisure=park", ""),
        ("landuse=residential", ""),
        ("highway=pedestrian area=yes", ""),
        ("", ""),
    ],
)
def test_area_bar(text: str, why: str) -> None:
    """What lies inside such an area is no hill, for the reason given."""
    assert access.area_bar(tags_of(text)) == why


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("highway=path foot=designated", True),
        ("highway=path foot=yes;permissive", True),
        ("highway=path access=yes", False),
        ("highway=path foot=no", False),
        ("highway=path foot=destination", False),
        ("highway=path", False),
    ],
)
def test_foot_allowed(text: str, *, allowed: bool) -> None:
    """Only ``foot`` itself opens a way across an area that bars hills."""
    assert access.foot_allowed(tags_of(text)) is allowed


def test_kept_tags() -> None:
    """The columns are sorted, each once, and hold what the other rooms read."""
    assert list(access_tables.KEPT_TAGS) == sorted(set(access_tables.KEPT_TAGS))
    assert list(access_tables.AREA_TAGS) == sorted(set(access_tables.AREA_TAGS))
    later = "name ref surface smoothness tracktype lit incline handrail winter_service maxspeed"
    assert set(later.split()) <= set(access_tables.KEPT_TAGS)


# Laws.

CASES = [tags_of(text) for text in HILLS + [text for text, _ in PASSABLE + CLOSED]]
SEEN = sorted({pair for tags in CASES for pair in tags.items()})
VALUES = {key: sorted({value for k, value in SEEN if k == key}) for key, _ in SEEN}

real_tags = st.sampled_from(CASES)
mixed_tags = st.builds(
    lambda base, more: {**base, **dict(more)},
    st.sampled_from(CASES),
    st.lists(st.sampled_from(SEEN), max_size=5),
)
any_tags = st.dictionaries(st.sampled_from(access_tables.KEPT_TAGS) | st.text(), st.text())


@given(mixed_tags | any_tags)
def test_law_a_hill_may_be_walked(tags: Tags) -> None:
    """A hill may be walked, and a reason is given just where it is no hill, in a few words."""
    judged = decide(tags)
    assert judged.walk or not judged.hill
    assert bool(judged.why) is not judged.hill
    assert len(judged.why) <= 40


@given(any_tags)
def test_law_nothing_raises(tags: Tags) -> None:
    """No text whatever is an error."""
    assert isinstance(access.is_steps(tags), bool)
    assert isinstance(access.is_structure(tags), bool)
    assert isinstance(access.is_deck(tags), bool)
    assert isinstance(access.foot_allowed(tags), bool)
    assert isinstance(access.area_bar(tags), str)


@given(mixed_tags, st.randoms(use_true_random=False))
def test_law_order_is_nothing(tags: Tags, random: Random) -> None:
    """The order of the tags changes nothing, and the tags are left as they were."""
    before = dict(tags)
    pairs = list(tags.items())
    random.shuffle(pairs)
    assert decide(dict(pairs)) == decide(tags)
    assert tags == before


@given(mixed_tags, any_tags)
def test_law_other_tags_are_nothing(tags: Tags, more: Tags) -> None:
    """Keys beyond ``KEPT_TAGS`` change nothing, so the columns are enough to judge again."""
    strangers = {key: value for key, value in more.items() if key not in access_tables.KEPT_TAGS}
    kept = {key: value for key, value in tags.items() if key in access_tables.KEPT_TAGS}
    assert decide({**tags, **strangers}) == decide(tags) == decide(kept)
    assert access.is_structure({**tags, **strangers}) == access.is_structure(kept)
    assert access.is_steps({**tags, **strangers}) == access.is_steps(kept)


@given(st.dictionaries(st.sampled_from(access_tables.AREA_TAGS), st.text()), any_tags)
def test_law_other_tags_are_nothing_to_areas(tags: Tags, more: Tags) -> None:
    """Keys beyond ``AREA_TAGS`` change nothing about an area."""
    strangers = {key: value for key, value in more.items() if key not in access_tables.AREA_TAGS}
    assert access.area_bar({**tags, **strangers}) == access.area_bar(tags)


@given(mixed_tags)
def test_law_case_and_blanks_are_nothing(tags: Tags) -> None:
    """Upper case and blanks change nothing."""
    loud = {key: f" {value.upper()} " for key, value in tags.items()}
    assert decide(loud) == decide(tags)
    assert access.is_structure(loud) == access.is_structure(tags)
    assert access.is_deck(loud) == access.is_deck(tags)


@given(mixed_tags, st.sampled_from(["no", "NO", " no", "private", "use_sidepath", "yes;no"]))
def test_law_foot_no_is_no(tags: Tags, said: str) -> None:
    """Whatever else is said, what is closed to feet is not walked."""
    assert not decide({**tags, "foot": said}).walk


@given(mixed_tags, st.sampled_from(["no", "private", "customers", "permit", "military"]))
def test_law_closed_access_needs_a_foot_permission(tags: Tags, said: str) -> None:
    """Without ``foot`` a closed ``access`` closes; with it the rest of the tags decide."""
    silent = {key: value for key, value in tags.items() if key != "foot"}
    assert not decide({**silent, "access": said}).walk
    opened = {key: value for key, value in tags.items() if key != "access"} | {"foot": "yes"}
    assert decide({**opened, "access": said}) == decide(opened)


@given(mixed_tags)
def test_law_a_permission_closes_nothing(tags: Tags) -> None:
    """``foot=yes`` never takes away."""
    without, opened = decide(tags), decide({**tags, "foot": "yes"})
    assert opened.walk >= without.walk
    assert opened.hill >= without.hill


@given(
    mixed_tags,
    st.sampled_from(["foot:conditional", "access:conditional"]),
    st.sampled_from(VALUES["foot:conditional"] + VALUES["access:conditional"]) | st.text(),
)
def test_law_a_condition_opens_nothing(tags: Tags, key: str, said: str) -> None:
    """A condition closes hills at most: it opens nothing, and never ends a route."""
    silent = {k: value for k, value in tags.items() if k != key}
    without, judged = decide(silent), decide({**silent, key: said})
    assert judged.walk == without.walk
    assert judged.hill <= without.hill


LISTED = ("highway", "foot", "access", "bridge", "tunnel", "service", "sac_scale", "sidewalk")


@given(mixed_tags, st.data())
def test_law_a_list_is_its_worst_value(tags: Tags, data: st.DataObject) -> None:
    """A list of values allows no more than each of them, in either order."""
    key = data.draw(st.sampled_from(LISTED))
    one, other = (data.draw(st.sampled_from(VALUES[key])) for _ in range(2))
    assume(one.strip("; ") and other.strip("; "))
    first, second = decide({**tags, key: one}), decide({**tags, key: other})
    both = decide({**tags, key: f"{one};{other}"})
    assert both.walk <= min(first.walk, second.walk)
    assert both.hill <= min(first.hill, second.hill)
    turned = decide({**tags, key: f"{other};{one}"})
    assert (turned.walk, turned.hill) == (both.walk, both.hill)


# Real towns.

BUILT = ("bridge", "tunnel", "covered", "indoor", "conveying", "escalator")
NEVER = {"steps", "motorway", "construction", "proposed", "corridor", "elevator", "platform"}
SHUT = {"no", "private", "customers", "permit", "military"}
YARDS = {"parking_aisle", "driveway", "drive-through", "drive_through"}

PLAUSIBLE = {
    5543310: "Southwest College Street",
    68867700: "Southwest Bancroft Street",
    5542152: "Southwest Abernethy Street",
    5535626: "Southwest Mill Street Terrace",
    5520071: "Southwest Sherwood Place",
    5523617: "Southwest Lane Street",
    5536398: "Southwest Myrtle Drive",
    5535393: "Southwest 18th Avenue",
    5541728: "Southwest Gale Avenue",
    5522161: "Southwest 17th Avenue",
    27593162: "Northwest Lovejoy Street",
    5537748: "Southwest 16th Avenue",
    5529494: "Southwest Caruthers Street",
}

# Steep in the heights of the ground, and no hills: what a careless search lists first.
FALSE = {
    150852246: "motorway",  # Vista Ridge Tunnel
    40158754: "bridge",  # SW Vista Avenue
    23726864: "bridge",  # OHSU/VA Skybridge
    31559116: "bridge",  # Ross Island Bridge
    119646676: "bridge",  # Broadway Bridge
    126306260: "bridge",  # Broadway Bridge, sidewalk
    30288924: "bridge",  # Steel Bridge
    154070500: "bridge",  # Steel Bridge, lower deck
    5509112: "motorway",  # Fremont Bridge
    5520348: "motorway",  # Marquam Bridge
    5515815: "stairs",  # SW Elevator Street Walk
}


def looks_like_a_hill(tags: Tags) -> bool:
    """Judge by the plain words of the specification, without any order of rules."""
    highway = tags["highway"]
    return (
        highway not in NEVER
        and not highway.endswith("_link")
        and not any(tags.get(key, "no") != "no" for key in BUILT)
        and tags.get("foot") not in SHUT
        and (tags.get("access") not in SHUT or "foot" in tags)
        and tags.get("service") not in YARDS
    )


@pytest.mark.parametrize("path", [PORTLAND, MONACO], ids=["Portland", "Monaco"])
def test_no_hill_of_a_town_is_what_hills_never_are(path: Path) -> None:
    """No way offered as a hill is stairs, a bridge, a ramp, private and so on."""
    hills = [tags for _, tags in ways(path) if decide(tags).hill]
    assert len(hills) > 500
    assert [tags for tags in hills if not looks_like_a_hill(tags)] == []


@pytest.mark.parametrize("path", [PORTLAND, MONACO], ids=["Portland", "Monaco"])
def test_streets_of_a_town_are_hills(path: Path) -> None:
    """What is refused beyond the plain words is named, and rare among streets and paths."""
    kinds = {"residential", "tertiary", "secondary", "primary", "footway", "path", "track"}
    plain = [
        tags
        for _, tags in ways(path)
        if tags["highway"] in kinds and "layer" not in tags and looks_like_a_hill(tags)
    ]
    refused = {decide(tags).why for tags in plain if not decide(tags).hill}
    assert refused <= {
        "access unclear",
        "construction",
        "destination only",
        "disused",
        "floor of a building",
        "one way on foot",
        "open area",
        "pier",
        "platform",
        "private",
    }
    assert sum(decide(tags).hill for tags in plain) > 0.95 * len(plain)


def test_hills_of_portland() -> None:
    """The plausible hills are hills; the false ones are not, and for the right reason."""
    town = dict(ways(PORTLAND))
    for way, name in PLAUSIBLE.items():
        assert town[way]["name"] == name
        assert decide(town[way]).hill
    assert {way: decide(town[way]).why for way in FALSE} == FALSE
    bridges = ("Ross Island Bridge", "Fremont Bridge", "Marquam Bridge", "Vista Ridge Tunnel")
    named = [tags for tags in town.values() if tags.get("name") in bridges]
    assert named
    assert not any(decide(tags).hill for tags in named)
    assert not any(decide(tags).walk for tags in town.values() if tags["highway"] == "motorway")


def test_trails_of_grenoble() -> None:
    """Mountain paths are hills, alpine routes are not walked."""
    networkx = pytest.importorskip("networkx")
    graph = networkx.read_graphml(having(GRENOBLE))
    trails = [
        {key: value for key, value in tags.items() if key in access_tables.KEPT_TAGS}
        for *_, tags in graph.edges(data=True)
        if tags.get("highway") == "path" and not {"access", "bridge"} & set(tags)
    ]
    easy = [tags for tags in trails if tags.get("sac_scale") in {"hiking", "mountain_hiking"}]
    alpine = [tags for tags in trails if tags.get("sac_scale", "").endswith("alpine_hiking")]
    assert easy
    assert alpine
    assert all(decide(tags).hill for tags in easy)
    assert not any(decide(tags).walk for tags in alpine)
