"""`truceline monitor review`: what waits for a person, and the decisions a person makes.

Every decision takes who makes it and why, becomes part of the incident's history, and can be undone by
a later one. Nothing is erased.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from truceline.cli._console import Row, print_line, print_table, print_title
from truceline.cli._monitor_store import (
    DEFAULT_WAIT_S,
    SinceOption,
    StoreArgument,
    UntilOption,
    WaitOption,
    WhoOption,
    name_of_user,
    now_utc,
    open_for,
    read_day,
)
from truceline.cli._store_option import StoreTyper
from truceline.errors import ProblemList, ScenarioError

if TYPE_CHECKING:
    from truceline.monitor.reviewing import IncidentFile, Waiting

app = StoreTyper(
    help="See what waits for a person, and decide: merge, split, verify, attribute, judge, release, undo.",
    no_args_is_help=True,
)

IncidentArgument = Annotated[int, typer.Argument(metavar="INCIDENT", help="Number of the incident.")]
EXAMPLES_SHOWN = 3
ReasonOption = Annotated[str, typer.Option("--why", metavar="TEXT", help="Why; it is kept.")]


@app.command("list")
def list_waiting(
    store: StoreArgument,
    limit: Annotated[int, typer.Option(metavar="N", help="Most rows of each kind.")] = 20,
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """List what waits for a person: pairs that may be one, unclear verdicts, casualties not followed up."""
    from truceline.monitor.reviewing import list_waiting as list_them

    with open_for(store, writing=False, wait_s=wait) as opened:
        waiting, place = list_them(opened, limit=limit), opened.place
    _print_waiting(place, waiting)


def _print_waiting(place: str, waiting: Waiting) -> None:
    if not waiting.items:
        print_line("Nothing waits for a decision.")
        return
    rows = [Row((item.what, ", ".join(map(str, item.incidents)), item.why)) for item in waiting.items]
    print_table(("what", "incident", "why"), rows)
    for what, n in waiting.more.items():
        print_line(f"... and {n:,} more: {what}")
    print_line()
    print_line(f"Decide with: truceline monitor review COMMAND {shlex.quote(place)} ... --why TEXT")
    for decide in dict.fromkeys(item.decide for item in waiting.items[:EXAMPLES_SHOWN]):
        print_line(f"  {decide}")


@app.command("show")
def show_incident(
    store: StoreArgument,
    incident: IncidentArgument,
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """Show everything that is known of an incident: its reports with score and evidence, and its history."""
    from truceline.monitor.reviewing import read_incident

    with open_for(store, writing=False, wait_s=wait) as opened:
        _print_incident(read_incident(opened, incident))


def _print_incident(found: IncidentFile) -> None:
    row = found.incident
    from truceline.monitor.reviewing import say_interval

    words = [row["kind"], row["phase"], row["weapon"]]
    print_title(f"Incident {row['incident_id']}: {' '.join(word for word in words if word)}")
    if found.gone:
        print_line(f"It {found.gone}.")
    print_line(f"When    {say_interval(row['time_from'], row['time_to'])} UTC ({row['time_precision']})")
    place = ", ".join(word for word in (row["place"], row["region"]) if word)
    where = f"{row['lat']:.4f} N {row['lon']:.4f} E, within {row['sigma_m']:,.0f} m (one sigma)"
    print_line(f"Where   {place or 'no name'}: {where if row['lat'] == row['lat'] else 'no position'}")
    if found.crossing:
        print_line(f"        {found.crossing}")
    print_line(f"Status  {found.status}")
    print_line(f"Seen by {found.level}")
    for line in found.attribution:
        print_line(f"By      {line}")
    for line in found.verdicts:
        print_line(f"Clause  {line}")
    print_line()
    rows = [
        Row(
            (
                str(each.report_id),
                each.source,
                each.how,
                each.when,
                each.what,
                "; ".join([each.why, *each.flags]),
            )
        )
        for each in found.reports
    ]
    print_table(("report", "source", "how", "when (UTC)", "what", "why it is here"), rows)
    print_line()
    rows = [
        Row((str(each.change_id), f"{each.at:%Y-%m-%d %H:%M}", each.who, each.says, each.why))
        for each in found.history
    ]
    print_table(("change", "at (UTC)", "who", "what holds since", "why"), rows)


@app.command("merge")
def merge(
    store: StoreArgument,
    keep: Annotated[int, typer.Argument(metavar="KEEP", help="The incident whose number stays.")],
    others: Annotated[list[int], typer.Argument(metavar="OTHER...", help="Those that become part of it.")],
    why: ReasonOption,
    who: WhoOption = None,
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """Make several incidents one; the first number stays, the others lead to it."""
    from truceline.monitor.editing import merge_incidents

    with open_for(store, writing=True, wait_s=wait) as opened:
        change = merge_incidents(opened, keep, tuple(others), who=name_of_user(who), why=why)
    print_line(f"incident {keep} now holds {', '.join(map(str, others))} (change {change})")


@app.command("split")
def split(
    store: StoreArgument,
    incident: IncidentArgument,
    reports: Annotated[list[int], typer.Argument(metavar="REPORT...", help="Reports that leave it.")],
    why: ReasonOption,
    who: WhoOption = None,
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """Take reports out of an incident and make them one of their own, with a new number."""
    from truceline.monitor.editing import split_incident

    with open_for(store, writing=True, wait_s=wait) as opened:
        number = split_incident(opened, incident, tuple(reports), who=name_of_user(who), why=why)
        change = opened.last_change()
    print_line(f"incident {number} holds reports {', '.join(map(str, reports))} (change {change})")


@app.command("move")
def move(
    store: StoreArgument,
    report: Annotated[int, typer.Argument(metavar="REPORT", help="Number of the report.")],
    incident: IncidentArgument,
    why: ReasonOption,
    who: WhoOption = None,
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """Put a report into another incident; no rule puts it back."""
    from truceline.monitor.editing import move_report

    with open_for(store, writing=True, wait_s=wait) as opened:
        move_report(opened, report, incident, who=name_of_user(who), why=why)
        change = opened.last_change()
    print_line(f"report {report} is part of incident {incident} (change {change})")


@app.command("verify")
def verify(
    store: StoreArgument,
    incident: IncidentArgument,
    status: Annotated[
        str, typer.Argument(metavar="STATUS", help="reported, corroborated, verified or refuted.")
    ],
    why: ReasonOption,
    who: WhoOption = None,
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """Say whether it is established that an incident happened; stands until the next decision by hand."""
    from truceline.monitor.deciding import decide_verification

    with open_for(store, writing=True, wait_s=wait) as opened:
        decide_verification(opened, incident, status, who=name_of_user(who), why=why)
    print_line(f"incident {incident}: {status}")


@app.command("attribute")
def attribute(
    store: StoreArgument,
    incident: IncidentArgument,
    aspect: Annotated[str, typer.Argument(metavar="ASPECT", help="side or weapon.")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="a, b, or a weapon.")],
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="What it rests on; it is kept.")],
    p: Annotated[float, typer.Option("--p", metavar="P", help="Probability that it is right.")] = 1.0,
    who: WhoOption = None,
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """Say who did it or with what, after an investigation; apart from whether it happened."""
    from truceline.monitor.deciding import decide_attribution

    with open_for(store, writing=True, wait_s=wait) as opened:
        decide_attribution(opened, incident, aspect, value, p, basis=why, who=name_of_user(who), why=why)
    print_line(f"incident {incident}: {aspect} {value}, probability {p:g}")


@app.command("judge")
def judge(
    store: StoreArgument,
    incident: IncidentArgument,
    agreement: Annotated[str, typer.Argument(metavar="AGREEMENT", help="Short name of the agreement.")],
    clause: Annotated[str, typer.Argument(metavar="CLAUSE", help="Name of the clause.")],
    verdict: Annotated[
        str, typer.Argument(metavar="VERDICT", help="violation, allowed, outside, not_bound or unclear.")
    ],
    why: ReasonOption,
    who: WhoOption = None,
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """Decide by hand whether an incident violates a clause."""
    from truceline.monitor.deciding import decide_judgement

    with open_for(store, writing=True, wait_s=wait) as opened:
        decide_judgement(opened, incident, agreement, clause, verdict, who=name_of_user(who), why=why)
    print_line(f"incident {incident}, {agreement} {clause}: {verdict}")


@app.command("release")
def release(
    store: StoreArgument,
    why: ReasonOption,
    incidents: Annotated[
        list[int] | None, typer.Argument(metavar="INCIDENT...", help="Numbers of the incidents.")
    ] = None,
    level: Annotated[
        str, typer.Option(metavar="LEVEL", help="Who may see them: public, parties or mission.")
    ] = "parties",
    by_rule: Annotated[
        bool,
        typer.Option("--by-rule", help="To the parties: all that is verified or refuted, and old enough."),
    ] = False,
    since: SinceOption = None,
    until: UntilOption = None,
    who: WhoOption = None,
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """Say who may see an incident beyond its being counted; what was published before stays published."""
    from truceline.monitor.mission import read_mission
    from truceline.monitor.releasing import read_level, release_by_rule, release_incidents

    wanted, user = read_level(level, "--level"), name_of_user(who)
    _check_release(incidents or [], level, by_rule=by_rule, has_period=since is not None or until is not None)
    with open_for(store, writing=True, wait_s=wait) as opened:
        if by_rule:
            mission = read_mission(opened)
            n = release_by_rule(
                opened,
                who=user,
                why=why,
                now=now_utc(),
                since=None if since is None else mission.period(read_day(since, "--since"))[0],
                until=None if until is None else mission.period(read_day(until, "--until"))[1],
            )
        else:
            n = release_incidents(opened, incidents or [], wanted, who=user, why=why)
        change = opened.last_change()
    if not n:
        print_line("nothing to change")
        return
    they = f"{n:,} incidents" if n != 1 else "1 incident"
    print_line(f"{they} may be seen by the {wanted} from now on (change {change})")
    if wanted != "public":
        print_line("what others were given before cannot be called back")


def _check_release(incidents: list[int], level: str, *, by_rule: bool, has_period: bool) -> None:
    """Refuse a release that does not say what it releases, or a rule that would publish."""
    problems = ProblemList()
    if by_rule and incidents:
        problems.add("INCIDENT", "stands beside --by-rule", "give numbers, or --by-rule alone")
    if by_rule and level != "parties":
        problems.add("--level", f"'{level}' cannot be given by rule", "a rule releases to the parties alone")
    if not by_rule and not incidents:
        problems.add("INCIDENT", "is missing", "give the numbers of incidents, or --by-rule")
    if not by_rule and has_period:
        problems.add("--since, --until", "choose for --by-rule alone", "leave them out")
    problems.raise_if_any(ScenarioError, "options")


@app.command("withdraw")
def withdraw(
    store: StoreArgument,
    incident: IncidentArgument,
    what: Annotated[str, typer.Argument(metavar="WHAT", help="verification, side, weapon or judgement.")],
    why: ReasonOption,
    agreement: Annotated[str, typer.Option(metavar="NAME", help="For a judgement: the agreement.")] = "",
    clause: Annotated[str, typer.Option(metavar="NAME", help="For a judgement: the clause.")] = "",
    who: WhoOption = None,
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """Take a decision by hand back; what the rules say holds again."""
    from truceline.monitor.deciding import withdraw_decision

    with open_for(store, writing=True, wait_s=wait) as opened:
        withdraw_decision(
            opened,
            incident,
            cast(Any, what),
            who=name_of_user(who),
            why=why,
            agreement=agreement,
            clause=clause,
        )
    print_line(f"incident {incident}: the {what} follows the rules again")


@app.command("undo")
def undo(
    store: StoreArgument,
    change: Annotated[int, typer.Argument(metavar="CHANGE", help="Number of the change.")],
    why: ReasonOption,
    who: WhoOption = None,
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """Undo a change to links: what held before holds again, and the history shows both."""
    from truceline.monitor.editing import undo_change

    with open_for(store, writing=True, wait_s=wait) as opened:
        undo_change(opened, change, who=name_of_user(who), why=why)
    print_line(f"change {change} is undone")
