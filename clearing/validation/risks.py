"""Risks are covered, shared reserve arrives as its losses say, and prices are made of both."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from clearing.day.chords import Chords
from clearing.validation.facts import Facts, Floats
from clearing.validation.report import rows
from clearing.validation.reserve_facts import reserve_facts
from clearing.validation.reserves import stated
from clearing.validation.risk_facts import risk_facts

__all__ = ["covered", "nodes", "prices", "published", "shared"]

_KEY = ["interval_start", "product", "zone", "risk"]


def covered(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that every risk is covered or short as stated, and the numbers of ``risks_covered``.

    0 <= shadow price, 0 where more reserve is there than the risk asks for; what is short costs
    what its curve or penalty says (``money.reserve_shortage``).
    """
    if facts.case.tables["risks"].empty:
        return
    real = facts.once(risk_facts)
    made = real.rows[["risk", "product", "zone"]].assign(
        word=real.rows["setter"].to_numpy(),
        interval_start=facts.starts[real.rows["t"].to_numpy(dtype=np.intp)],
        mw=real.mw,
        own=real.own,
        received=real.received,
        short=real.short,
    )
    table = facts.table("risks_covered")
    both = made.merge(table, on=_KEY, how="outer", indicator=True)
    unknown = both["_merge"] == "right_only"
    # What is not listed is covered: it is neither short nor the largest.
    missing = (both["_merge"] == "left_only") & (both["short"] > facts.tolerance)
    for check, bad in (("risks.unknown", unknown), ("risks.missing", missing)):
        yield _rows(check, both[bad.to_numpy(dtype=bool)], 1.0, 0.0)
    known = both[both["_merge"] == "both"]
    yield _rows("risks.setter", known[(known["setter"] != known["word"]).to_numpy()], 1.0, 0.0)
    for column, expected in (
        ("risk_mw", "mw"),
        ("own_mw", "own"),
        ("received_mw", "received"),
        ("short_mw", "short"),
    ):
        value, right = (known[c].to_numpy(dtype=np.float64) for c in (column, expected))
        size = facts.tolerance * np.maximum(1.0, np.abs(right) / 1e2)
        bad = ~(np.abs(value - right) <= size)
        yield _rows(f"risks.{column}", known[bad], value[bad], right[bad])
    spare = (known["own"] + known["received"] - known["mw"]).to_numpy(dtype=np.float64)
    shadow = known["shadow_price"].to_numpy(dtype=np.float64)
    idle = (spare > 10.0 * facts.tolerance) & (shadow > facts.price_tolerance)
    yield _rows("risks.shadow_price", known[idle], shadow[idle], 0.0)


def prices(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check reserve prices: the shadow prices of the risks that reserve covers, or more.

    More only where all of a zone's reserve is sent to another: then it earns there what its own
    risks do not pay.
    """
    if facts.priced_otherwise or facts.case.tables["risks"].empty:
        return
    real, table = facts.once(reserve_facts), facts.table("risks_covered")
    key = table[["product", "zone"]].drop_duplicates()
    worth: dict[tuple[str, str], Floats] = {}
    for product, zone in key.itertuples(index=False):
        own = table[(table["product"] == product) & (table["zone"] == zone)]
        total = np.zeros(len(facts.starts))
        shadow = own["shadow_price"].to_numpy(dtype=np.float64)
        np.add.at(total, facts.interval_of(own), shadow)
        worth[str(product), str(zone)] = total
    for need in real.requirements:
        shadow = np.nan_to_num(stated(facts, need.product, need.zone, "shadow_price"))
        if (need.product, need.zone) not in worth:
            worth[need.product, need.zone] = shadow
    for product, zone in worth:
        price = stated(facts, product, zone, "price")
        least = np.zeros(len(facts.starts))
        for served in real.serves.get(product, ()):
            for place in {"", zone}:
                least += worth.get((served, place), 0.0)
        sends = np.zeros(len(facts.starts), dtype=bool)
        for served in real.serves.get(product, ()):
            sends |= _all_sent(facts, served, zone)
        gap = price - least
        wrong = (gap < -facts.price_tolerance) | (~sends & (gap > facts.price_tolerance))
        at = np.flatnonzero(wrong & ~np.isnan(price))
        names = [f"{product} {zone}".strip()] * len(at)
        yield rows("risks.price", names, facts.starts[at], price[at], least[at], np.abs(gap[at]))


def _all_sent(facts: Facts, product: str, zone: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Where all that a zone has of a product is sent to another (T,)."""
    found = np.zeros(len(facts.starts), dtype=bool)
    if "reserve_shared" not in facts.run.tables:
        return found
    table = facts.table("reserve_shared")
    own = table[(table["product"] == product) & (table["from_zone"] == zone)]
    supply = facts.once(reserve_facts).supply(product, zone)
    t = facts.interval_of(own)
    found[t] |= own["sent_mw"].to_numpy(dtype=np.float64) >= supply[t] - facts.tolerance
    return found


def shared(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check shared reserve: within limits, no more than there is, what arrives, what counts.

    arrives <= sent - (loss after - loss before), received <= effectiveness * arrives, with the
    losses of all links of the pair as one: capacities added, resistances in parallel.
    """
    if facts.case.tables["reserve_sharing"].empty or "reserve_shared" not in facts.run.tables:
        return
    table, rules = facts.table("reserve_shared"), facts.case.tables["reserve_sharing"]
    key = ["product", "from_zone", "to_zone"]
    yield _unknown(facts, table, rules[key].drop_duplicates())
    table = table.merge(rules[key].drop_duplicates(), on=key)
    stamped = rules[rules["interval_start"].notna()]
    blank = rules[rules["interval_start"].isna()].drop(columns="interval_start")
    both = table.merge(stamped, on=[*key, "interval_start"], how="left")
    always = table.merge(blank, on=key, how="left")
    for column in ("max_mw", "capacity_mw", "keep_mw", "extra_mw", "effectiveness"):
        both[column] = both[column].fillna(always[column])
    number = {
        name: both[name].to_numpy(dtype=np.float64)
        for name in (
            *("flow_mw", "sent_mw", "arrives_mw", "received_mw", "max_mw", "capacity_mw"),
            *("keep_mw", "extra_mw", "effectiveness"),
        )
    }
    real, t = facts.once(reserve_facts), facts.interval_of(both)
    names = both["product"] + " " + both["from_zone"] + ">" + both["to_zone"]
    supply = np.array(
        [
            real.supply(product, zone)[k]
            for product, zone, k in zip(both["product"], both["from_zone"], t, strict=True)
        ]
    )
    flows = np.zeros(len(both))
    lost = np.zeros(len(both))
    along = number["flow_mw"] >= 0.0
    after = np.where(
        along, number["flow_mw"] + number["sent_mw"], -number["flow_mw"] - number["arrives_mw"]
    )
    size = np.zeros(len(both))
    for k, (source, sink) in enumerate(zip(both["from_zone"], both["to_zone"], strict=True)):
        way = (source, sink) if along[k] else (sink, source)
        ahead, curve, size[k] = _pair(facts, *way)
        back, *_ = _pair(facts, way[1], way[0])
        flows[k] = (ahead - back)[t[k]] * (1.0 if along[k] else -1.0)
        before = np.array([abs(number["flow_mw"][k])])
        lost[k] = float((curve.losses(np.array([after[k]])) - curve.losses(before))[0])
    capacity = np.where(np.isnan(number["capacity_mw"]), size, number["capacity_mw"])
    most = np.where(np.isnan(number["max_mw"]), np.inf, number["max_mw"])
    moved = np.where(along, number["sent_mw"], number["arrives_mw"])
    for check, value, limit in (
        ("shared.flow", np.abs(number["flow_mw"] - flows), np.zeros(len(both))),
        ("shared.sent", number["sent_mw"], supply + number["extra_mw"]),
        ("shared.most", moved, most),
        ("shared.capacity", np.where(along, after, -np.inf), capacity),
        ("shared.keep", np.where(along, -np.inf, -after), -number["keep_mw"]),
        ("shared.arrives", number["arrives_mw"], number["sent_mw"] - lost),
        ("shared.received", number["received_mw"], number["effectiveness"] * number["arrives_mw"]),
    ):
        at = np.flatnonzero(value > limit + 10.0 * facts.tolerance)
        yield rows(
            check,
            names.iloc[at],
            both["interval_start"].iloc[at],
            value[at],
            limit[at],
            value[at] - limit[at],
        )


def _unknown(facts: Facts, table: pd.DataFrame, rules: pd.DataFrame) -> pd.DataFrame:
    """Rows that no rule has, or intervals in which a rule has none or several."""
    key = [*rules.columns]
    counted = table.groupby(key, as_index=False).size().merge(rules, on=key, how="outer")
    count = counted["size"].fillna(0.0).to_numpy(dtype=np.float64)
    known = pd.MultiIndex.from_frame(counted[key]).isin(pd.MultiIndex.from_frame(rules))
    right = np.where(known, float(len(facts.starts)), 0.0)
    wrong = count != right
    names = counted["product"] + " " + counted["from_zone"] + ">" + counted["to_zone"]
    bad, when = names[wrong], [facts.starts[0]] * int(wrong.sum())
    return rows("shared.rows", bad, when, count[wrong], right[wrong], np.ones(int(wrong.sum())))


def _pair(facts: Facts, source: str, sink: str) -> tuple[Floats, Chords, float]:
    """Flow of the links from zone to zone (T,), their losses as one, and their capacity."""
    table, rules = facts.case.tables["links"], facts.rulebook.losses
    zone = facts.case.tables["buses"]["zone"].to_numpy(dtype=object)
    start, end = (zone[facts.bus_of("links", c)] for c in ("from_bus", "to_bus"))
    own = np.flatnonzero((start == source) & (end == sink))
    r = table["r"].to_numpy(dtype=np.float64)[own]
    size = float(table["max_mw"].to_numpy(dtype=np.float64)[own].sum())
    count = int(table["loss_segments"].to_numpy()[own].max(initial=0))
    if rules.method != "chords" or not len(own) or (r <= 0.0).any():
        count = 0
    parallel = 1.0 / float((1.0 / r).sum()) if count else 0.0
    base = facts.case.meta.base_mva
    curve = Chords.of_lines(
        rules, np.array([count], dtype=np.intp), np.array([parallel]), np.array([size]), base
    )
    return facts.link_mw[:, own].sum(axis=1), curve, size


def nodes(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check prices of price nodes: weighted means of bus prices, unique where all of them are."""
    own = facts.nodes
    if not len(own.names):
        return
    table = facts.table("node_prices")
    t = facts.interval_of(table)
    n = own.names.get_indexer(pd.Index(table["node"]))
    known = (t >= 0) & (n >= 0)
    for column in ("lmp", "mec", "mcc", "mlc", "unique"):
        given = np.full((len(facts.starts), len(own.names)), np.nan)
        values = table[column].to_numpy(dtype=np.float64, na_value=np.nan)
        given[t[known], n[known]] = values[known]
        of_bus = facts.by_name("prices", column)
        if column == "unique":
            of_bus = np.where(np.isnan(of_bus), 1.0, of_bus)
            right = np.ones(given.shape)
            counted = np.where(own.weight == 0.0, 1.0, of_bus[:, own.bus])
            np.minimum.at(right.T, own.node, counted.T)
            right = np.where(np.isnan(given), np.nan, right)
        else:
            right = own.mean(of_bus)
        slack = facts.price_tolerance * np.maximum(1.0, np.abs(np.nan_to_num(right)) / 1e3)
        wrong = ~(np.abs(given - right) <= slack) & ~(np.isnan(given) & np.isnan(right))
        when, which = np.nonzero(wrong)
        yield rows(
            f"nodes.{column}",
            own.names.take(which),
            facts.starts[when],
            given[wrong],
            right[wrong],
            np.abs(given - right)[wrong],
        )


def published(facts: Facts) -> Iterator[pd.DataFrame]:
    """Check that published prices are those of the case."""
    for name in ("published_prices", "published_reserve_prices"):
        case = facts.case.tables[name]
        if case.empty:
            continue
        subject = "node" if name == "published_prices" else "product"
        keys = [c for c in ("interval_start", "node", "product", "zone") if c in case.columns]
        inside = pd.DatetimeIndex(case["interval_start"]).isin(facts.starts)
        both = case.loc[inside, [*keys, "price"]].merge(
            facts.table(name), on=keys, how="outer", suffixes=("", "_run")
        )
        wrong = ~(both["price"] == both["price_run"]).to_numpy(dtype=bool)
        bad = both[wrong]
        one = np.ones(len(bad))
        yield rows(f"{name}.price", bad[subject], bad["interval_start"], one, 0.0 * one, one)


def _rows(check: str, table: pd.DataFrame, value: object, limit: object) -> pd.DataFrame:
    given = np.broadcast_to(np.asarray(value, dtype=np.float64), (len(table),))
    right = np.broadcast_to(np.asarray(limit, dtype=np.float64), (len(table),))
    subject = table["risk"] + " " + table["product"] + " " + table["zone"]
    return rows(check, subject, table["interval_start"], given, right, np.abs(given - right))
