"""Each check names the file, the row, the column and the rule; one reading finds everything."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from cases import DataWarning, InputError, read_case
from tests.cases.small import CASE_TOML, FILES, Found, failures, found, read_small, write_files


def swap(file: str, old: str, new: str) -> dict[str, str | bytes | None]:
    """The small day with one piece of one file replaced."""
    assert FILES[file].count(old) == 1, f"{old!r} must be in {file} once"
    return {file: FILES[file].replace(old, new)}


def test_the_small_day_is_sound(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        case = read_small(tmp_path)
    assert list(case.units["unit"]) == ["G1", "G2"]
    assert case.warnings == ()


ONE_CHANGE: dict[str, tuple[dict[str, str | bytes | None], list[Found]]] = {
    "unknown bus of a unit": (
        swap("units.csv", "G2,Q,C", "G2,Q,Z"),
        [("units.csv", 3, "bus", "unknown_bus")],
    ),
    "unknown bus of a branch": (
        swap("branches.csv", "BC,B,C", "BC,B,X"),
        [("branches.csv", 3, "to_bus", "unknown_bus")],
    ),
    "unknown bus of a load": (
        swap("loads.csv", "L2,C", "L2,c"),
        [("loads.csv", 3, "bus", "unknown_bus")],
    ),
    "unknown unit of an offer": (
        swap("offers.csv", "G2,1,80,30\n", "G2,1,80,30\nG9,1,1,1\n"),
        [("offers.csv", 5, "unit", "unknown_unit")],
    ),
    "unknown unit of a series": (
        swap("availability.csv", "interval_start,G1", "interval_start,G7"),
        [("availability.csv", 1, "G7", "unknown_unit")],
    ),
    "unknown branch of an interface": (
        {"interfaces.csv": "interface,branch\nI,AB\nI,AX\n"},
        [("interfaces.csv", 3, "branch", "unknown_branch")],
    ),
    "unknown owner": (
        swap("units.csv", "G1,P", "G1,R"),
        [("units.csv", 2, "owner", "unknown_owner")],
    ),
    "unknown element of a contingency": (
        {"contingencies.csv": "contingency,kind,element\nc1,branch,AB\nc1,unit,AB\n"},
        [("contingencies.csv", 3, "element", "unknown_unit")],
    ),
    "unknown point of a right": (
        {"rights.csv": "right,owner,source,sink,mw\nr,P,north,nowhere,1\n"},
        [("rights.csv", 2, "sink", "unknown_point")],
    ),
    "unknown reference bus": (
        {"case.toml": CASE_TOML + 'reference = "Z"\n'},
        [("case.toml", None, "reference", "unknown_bus")],
    ),
    "repeated bus": (
        swap("buses.csv", "C,south\n", "C,south\nA,south\n"),
        [("buses.csv", 5, "bus", "duplicate_key")],
    ),
    "repeated offer block": (
        swap("offers.csv", "G2,1,80,30\n", "G2,1,80,30\nG2,1,80,30\n"),
        [("offers.csv", 5, "unit, interval_start, segment", "duplicate_key")],
    ),
    "negative block": (
        swap("offers.csv", "G1,2,40,20\n", "G1,2,-40,20\nG1,3,90,20\n"),
        [("offers.csv", 3, "mw", "negative")],
    ),
    "falling offer": (
        swap("offers.csv", "G1,2,40,20", "G1,2,40,5"),
        [("offers.csv", 3, "price", "monotone")],
    ),
    "rising bid": (
        {"bids.csv": "load,segment,mw,price\nL1,1,5,10\nL1,2,5,11\n"},
        [("bids.csv", 3, "price", "monotone")],
    ),
    "offer narrower than p_min": (
        {"offers.csv": "unit,segment,mw,price\nG1,1,9,10\nG2,1,80,30\n"},
        [("offers.csv", 2, "mw", "offer_below_p_min")],
    ),
    "unit without an offer": (
        swap("offers.csv", "G2,1,80,30\n", ""),
        [("units.csv", 3, "unit", "no_offer")],
    ),
    "offer in one of two intervals": (
        {
            "offers.csv": "unit,interval_start,segment,mw,price\nG1,,1,100,10\n"
            "G2,2030-06-01T01:00:00Z,1,80,30\n"
        },
        [("units.csv", 3, "unit", "no_offer")],
    ),
    "p_min above p_max": (
        swap("units.csv", "G2,Q,C,0,80", "G2,Q,C,81,80"),
        [("units.csv", 3, "p_min", "p_min_above_p_max")],
    ),
    "initial output above p_max": (
        {"units.csv": "unit,owner,bus,p_min,p_max,initial_mw\nG1,P,A,10,100,120\nG2,Q,C,0,80,\n"},
        [("units.csv", 2, "initial_mw", "initial_mw_above_p_max")],
    ),
    "negative p_min": (
        swap("units.csv", "G2,Q,C,0,80", "G2,Q,C,-5,80"),
        [("units.csv", 3, "p_min", "negative")],
    ),
    "self-schedule above p_max": (
        {"self_schedules.csv": FILES["availability.csv"].replace(",100", ",101")},
        [("self_schedules.csv", 2, "G1", "self_schedule_above_p_max")],
    ),
    "zero reactance": (
        swap("branches.csv", "BC,B,C,0.1", "BC,B,C,0"),
        [("branches.csv", 3, "x", "zero_reactance")],
    ),
    "branch from a bus to itself": (
        swap("branches.csv", "BC,B,C", "BC,B,B"),
        [("branches.csv", 3, "to_bus", "self_loop")],
    ),
    "several buses and no branch": (
        {"branches.csv": None},
        [("branches.csv", None, None, "missing_table")],
    ),
    "naive timestamp": (
        swap("demand.csv", "01:00:00Z", "01:00:00"),
        [("demand.csv", 3, "interval_start", "naive_timestamp")],
    ),
    "repeated timestamp": (
        swap("demand.csv", "01:00:00Z", "00:00:00Z"),
        [
            ("demand.csv", None, "interval_start", "missing_interval"),
            ("demand.csv", 3, "interval_start", "repeated_timestamp"),
        ],
    ),
    "timestamp between intervals": (
        swap("demand.csv", "01:00:00Z", "01:30:00Z"),
        [
            ("demand.csv", None, "interval_start", "missing_interval"),
            ("demand.csv", 3, "interval_start", "off_grid"),
        ],
    ),
    "missing interval": (
        {"demand.csv": FILES["demand.csv"].splitlines()[0] + "\n2030-06-01T00:00:00Z,1,1\n"},
        [("demand.csv", None, "interval_start", "missing_interval")],
    ),
    "offer for an interval of another day": (
        {
            "offers.csv": "unit,interval_start,segment,mw,price\nG1,,1,100,10\nG2,,1,80,30\n"
            "G2,2030-06-02T00:00:00Z,1,80,30\n"
        },
        [("offers.csv", 4, "interval_start", "off_grid")],
    ),
    "missing series": (
        {
            "demand.csv": FILES["demand.csv"]
            .replace(",L2", "")
            .replace(",60", "")
            .replace(",65", "")
        },
        [("demand.csv", 1, "L2", "missing_series")],
    ),
    "blank in a series": (
        swap("demand.csv", ",65", ","),
        [("demand.csv", 3, "L2", "blank")],
    ),
    "NaN in a series": (
        swap("demand.csv", ",65", ",NaN"),
        [("demand.csv", 3, "L2", "finite")],
    ),
    "infinite rating": (
        swap("branches.csv", "0.1,100", "0.1,Inf"),
        [("branches.csv", 2, "rating_mw", "finite")],
    ),
    "text in a number column": (
        swap("units.csv", "0,80", "0,eighty"),
        [("units.csv", 3, "p_max", "number")],
    ),
    "thousands separator": (
        swap("units.csv", "0,80", '0,"1,080"'),
        [("units.csv", 3, "p_max", "number")],
    ),
    "underscore that Python would read": (
        swap("units.csv", "0,80", "0,8_0"),
        [("units.csv", 3, "p_max", "number")],
    ),
    "segment that is not whole": (
        swap("offers.csv", "G2,1,", "G2,1.5,"),
        [("offers.csv", 4, "segment", "number")],
    ),
    "yes or no": (
        {
            "branches.csv": "branch,from_bus,to_bus,x,in_service\n"
            "AB,A,B,0.1,maybe\nBC,B,C,0.1,\nAC,A,C,0.2,1\n"
        },
        [("branches.csv", 2, "in_service", "yes_no")],
    ),
    "a kind that does not exist": (
        {"contingencies.csv": "contingency,kind,element\nc1,line,AB\n"},
        [("contingencies.csv", 2, "kind", "choice")],
    ),
    "efficiency in percent": (
        {
            "storage.csv": "storage,bus,charge_mw,discharge_mw,energy_max,efficiency_in\n"
            "S,A,1,1,4,95\n"
        },
        [("storage.csv", 2, "efficiency_in", "range")],
    ),
    "blank key": (
        swap("loads.csv", "L2,C\n", "L2,C\n,C\n"),
        [("loads.csv", 4, "load", "blank")],
    ),
    "owner with two parents": (
        {"owners.csv": "owner,parent\nP,X\nQ,\nP,Y\n"},
        [("owners.csv", 4, "parent", "two_parents")],
    ),
    "overlapping validity": (
        {
            "owners.csv": "owner,parent,valid_from,valid_to\nP,X,2030-01-01,2030-06-30\n"
            "Q,,,\nP,X,2030-06-30,\n"
        },
        [("owners.csv", 4, "owner", "overlapping_validity")],
    ),
    "parents in a circle": (
        {"owners.csv": "owner,parent\nP,Q\nQ,P\n"},
        [("owners.csv", 2, "parent", "circular_parents")],
    ),
    "unknown column": (
        swap("units.csv", "p_max", "p_maximum"),
        [
            ("units.csv", 1, "p_maximum", "unknown_column"),
            ("units.csv", 1, "p_max", "missing_column"),
        ],
    ),
    "column twice": (
        {"loads.csv": "load,bus,bus\nL1,B,B\nL2,C,C\n"},
        [("loads.csv", 1, "bus", "duplicate_column")],
    ),
    "missing required table": (
        {"loads.csv": None},
        [("loads.csv", None, None, "missing_table")],
    ),
    "unknown table": (
        {"unit.csv": "unit\nG1\n"},
        [("unit.csv", None, None, "unknown_table")],
    ),
    "contract without a curve": (
        {"contracts.csv": "contract,buyer,seller,strike,point,curve\nk,P,Q,30,A,\n"},
        [("contracts.csv", 2, "curve", "blank")],
    ),
    "curve row of neither shape": (
        {"contract_curves.csv": "curve,interval_start,mw,kind,mwh\nk,,5,flat,\n"},
        [("contract_curves.csv", 2, None, "either_or")],
    ),
    "delivery month that is not one": (
        {"futures.csv": "trade,owner,side,product,month,lots,price\nt,P,buy,base,2030-13,1,200\n"},
        [("futures.csv", 2, "month", "month")],
    ),
    "off before the case and producing": (
        {"units.csv": "unit,bus,p_max,initial_hours,initial_mw\nG1,A,100,-3,20\nG2,C,80,4,20\n"},
        [("units.csv", 2, "initial_mw", "initial_state")],
    ),
    "hub without weight": (
        {"hubs.csv": "hub,bus,weight\nH,A,1\nK,A,0\nK,B,0\n"},
        [("hubs.csv", 3, "weight", "hub_weights")],
    ),
    "stored energy above the most": (
        {"storage.csv": "storage,bus,charge_mw,discharge_mw,energy_max,initial_mwh\nS,A,1,1,4,5\n"},
        [("storage.csv", 2, "initial_mwh", "initial_mwh_above_energy_max")],
    ),
    "declared unit of a series": (
        {"case.toml": CASE_TOML + '[units]\ndemand = "kW"\n'},
        [("case.toml", None, "units.demand", "unit")],
    ),
    "declared unit of a ramp": (
        {"case.toml": CASE_TOML + '[units]\nunits.ramp_up = "MW/min"\n'},
        [("case.toml", None, "units.units.ramp_up", "unit")],
    ),
    "header without start": (
        {"case.toml": 'name = "small"\nintervals = 2\n'},
        [("case.toml", None, "start", "missing_key")],
    ),
    "naive start": (
        {"case.toml": CASE_TOML.replace("00Z", "00")},
        [("case.toml", 3, "start", "header")],
    ),
    "unknown timezone": (
        {"case.toml": CASE_TOML.replace("UTC", "Mars/Olympus")},
        [("case.toml", 2, "timezone", "header")],
    ),
    "unknown key in the header": (
        {"case.toml": CASE_TOML + "interval = 60\n"},
        [("case.toml", 5, "interval", "unknown_key")],
    ),
}


@pytest.mark.parametrize("name", ONE_CHANGE)
def test_one_change_is_found_where_it_is(name: str, tmp_path: Path) -> None:
    changes, expected = ONE_CHANGE[name]
    assert found(tmp_path, changes) == expected


def test_everything_is_found_at_once(tmp_path: Path) -> None:
    changes: dict[str, str | bytes | None] = {}
    expected: list[Found] = []
    for name in (
        "unknown bus of a load",
        "zero reactance",
        "falling offer",
        "NaN in a series",
        "owner with two parents",
        "declared unit of a ramp",
    ):
        changes |= ONE_CHANGE[name][0]
        expected += ONE_CHANGE[name][1]
    assert sorted(found(tmp_path, changes), key=str) == sorted(expected, key=str)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p_min above p_max", "units.csv row 3, p_min: p_min must not exceed p_max (81 > 80 MW)"),
        (
            "unknown bus of a branch",
            "branches.csv row 3, to_bus: bus X is not known; known: A, B, C",
        ),
        (
            "naive timestamp",
            "demand.csv row 3, interval_start: the timestamp 2030-06-01T01:00:00 has no UTC "
            "offset; write it like 2020-07-10T17:00:00+02:00",
        ),
        (
            "unknown column",
            "units.csv row 1, p_maximum: units has no such column; did you mean p_max?",
        ),
        (
            "declared unit of a ramp",
            "case.toml, units.units.ramp_up: the unit must be MW/h, not MW/min; convert the data",
        ),
        (
            "offer narrower than p_min",
            "offers.csv row 2, mw: the blocks of G1 reach 9 MW, less than p_min of 10 MW",
        ),
        ("negative block", "offers.csv row 3, mw: must not be negative (-40 MW)"),
        ("thousands separator", "units.csv row 3, p_max: must be a number of MW, not '1,080'"),
        (
            "repeated bus",
            "buses.csv row 5, bus: A is there already, in row 2",
        ),
    ],
)
def test_messages_say_what_was_expected(name: str, text: str, tmp_path: Path) -> None:
    assert str(failures(tmp_path, ONE_CHANGE[name][0])[0]) == text


def test_rows_are_lines_of_the_file(tmp_path: Path) -> None:
    # A blank line and a name that spans two lines, which no name may, come before the wrong row,
    # so it is line 6.
    text = 'load,bus,owner\nL1,B,\n\n"L\n2",C,\nL2,nowhere,\n'
    place = ("loads.csv", 6, "bus", "unknown_bus")
    demand = FILES["demand.csv"].replace("L2", '"L\n2",L2').replace(",60", ",1,60")
    demand = demand.replace(",65", ",1,65")
    broken = {("loads.csv", 4, "load", "text"), ("demand.csv", 1, ascii("L\n2"), "text")}
    assert set(found(tmp_path, {"loads.csv": text, "demand.csv": demand})) == {place, *broken}


def test_declared_units_of_the_schema_are_accepted(tmp_path: Path) -> None:
    units = '[units]\ndemand = "MW"\nunits.ramp_up = "MW/h"\noffers.price = "$/MWh"\n'
    case = read_small(tmp_path, case=CASE_TOML + units)
    assert case.meta.name == "small"


def test_availability_zero_is_an_outage(tmp_path: Path) -> None:
    text = FILES["availability.csv"].replace(",90", ",0")
    with pytest.warns(DataWarning):
        case = read_small(tmp_path, availability=text)
    assert list(case.availability["G1"]) == [100.0, 0.0]


def test_stamped_rows_may_replace_blank_ones(tmp_path: Path) -> None:
    offers = (
        "unit,interval_start,segment,mw,price\nG1,,1,100,10\nG2,,1,80,30\n"
        "G2,2030-06-01T01:00:00Z,1,80,-5\n"
    )
    assert read_small(tmp_path, offers=offers).offers["price"].tolist() == [10.0, 30.0, -5.0]


def test_a_unit_may_be_self_scheduled_instead_of_offered(tmp_path: Path) -> None:
    schedule = "interval_start,G2\n2030-06-01T00:00:00Z,80\n2030-06-01T01:00:00Z,0\n"
    offers = FILES["offers.csv"].replace("G2,1,80,30\n", "")
    with pytest.warns(DataWarning, match="row 3"):
        case = read_small(tmp_path, offers=offers, self_schedules=schedule)
    assert case.self_schedules["G2"].tolist() == [80.0, 0.0]


def test_an_island_fed_by_a_link_is_fine(tmp_path: Path) -> None:
    buses = FILES["buses.csv"] + "D,south\n"
    links = "link,from_bus,to_bus,min_mw,max_mw\nDC,C,D,-30,30\n"
    assert len(read_small(tmp_path, buses=buses, links=links).links) == 1


def test_owners_are_free_text_without_an_owners_table(tmp_path: Path) -> None:
    units = FILES["units.csv"].replace("G1,P", "G1,anyone")
    case = read_small(tmp_path, units=units, owners=None)
    assert list(case.units["owner"]) == ["anyone", "Q"]


def test_an_owner_may_change_parents_in_time(tmp_path: Path) -> None:
    owners = "owner,parent,valid_from,valid_to\nP,X,,2030-06-30\nQ,,,\nP,Y,2030-07-01,\n"
    assert list(read_small(tmp_path, owners=owners).owners["parent"]) == ["X", "", "Y"]


def test_demand_above_supply_warns_and_is_kept(tmp_path: Path) -> None:
    # Supply is 100 + 80 MW in the first interval and 90 + 80 MW in the second.
    demand = FILES["demand.csv"].replace("50,60", "100,80").replace("55,65", "100,71")
    with pytest.warns(DataWarning, match="demand of 171 MW .* above all supply of 170 MW"):
        case = read_small(tmp_path, demand=demand)
    assert [(f.file, f.row, f.rule) for f in case.warnings] == [
        ("demand.csv", 3, "demand_above_supply")
    ]


def test_demand_above_supply_of_an_island_warns(tmp_path: Path) -> None:
    # B and C hang together; G2 has 80 MW there, loads take 110 and 120 MW.
    branches = "branch,from_bus,to_bus,x\nBC,B,C,0.1\n"
    with pytest.warns(DataWarning, match="in the island of bus B") as caught:
        case = read_small(tmp_path, branches=branches)
    assert len(caught) == 2
    assert [f.row for f in case.warnings] == [2, 3]


@pytest.mark.parametrize(
    ("changes", "row"),
    [
        (swap("buses.csv", "C,south\n", "C,south\nD,south\n"), 5),
        (
            {
                "branches.csv": "branch,from_bus,to_bus,x,in_service\n"
                "AB,A,B,0.1,false\nBC,B,C,0.1,no\nAC,A,C,0.2,true\n"
            },
            3,
        ),
    ],
)
def test_an_island_without_a_unit_warns(
    tmp_path: Path, changes: dict[str, str | bytes | None], row: int
) -> None:
    with pytest.warns(DataWarning, match="no unit in the island"):
        case = read_case(write_files(tmp_path / "day", changes))
    assert ("buses.csv", row, "island_without_unit") in [
        (f.file, f.row, f.rule) for f in case.warnings
    ]


def test_what_withholds_or_is_out_warns(tmp_path: Path) -> None:
    changes = swap("offers.csv", "G1,2,40,20", "G1,2,39,20")
    changes |= swap("availability.csv", "01:00:00Z,90", "01:00:00Z,9")
    with pytest.warns(DataWarning):
        case = read_case(write_files(tmp_path / "day", changes))
    assert [(f.file, f.row, f.column, f.rule) for f in case.warnings] == [
        ("offers.csv", 3, "mw", "narrow_offer"),
        ("availability.csv", 3, "G1", "availability_below_p_min"),
        ("demand.csv", 3, None, "demand_above_supply"),
    ]


def test_an_interface_without_limits_warns(tmp_path: Path) -> None:
    with pytest.warns(DataWarning, match="I has no limits"):
        case = read_small(tmp_path, interfaces="interface,branch\nI,AB\nI,BC\n")
    assert [(f.row, f.column) for f in case.warnings] == [(2, "interface")]


def test_one_broken_table_does_not_hide_or_multiply_others(tmp_path: Path) -> None:
    # Without buses no reference to a bus can be judged: only the broken file and the block remain.
    changes: dict[str, str | bytes | None] = {
        "buses.csv": b"\x00\x01\x02",
        **ONE_CHANGE["negative block"][0],
    }
    assert found(tmp_path, changes) == [
        ("buses.csv", 1, None, "binary"),
        ("offers.csv", 3, "mw", "negative"),
    ]


def test_an_empty_folder_and_a_file_that_is_no_case(tmp_path: Path) -> None:
    from cases import read_case

    for path in (tmp_path, tmp_path / "absent", write_files(tmp_path / "x", {}) / "units.csv"):
        with pytest.raises(InputError) as caught:
            read_case(path)
        assert len(str(caught.value).splitlines()) == 1
        assert "case.toml" in str(caught.value)
