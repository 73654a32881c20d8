"""The commands of advice."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from matcher import usecases
from matcher.cli.options import DEFAULT_DB, Database, Now
from matcher.domain import GoalName, Mode
from matcher.errors import BadInput
from matcher.times import time_text
from matcher.wording import counted, listed, one_line, ordinal

if TYPE_CHECKING:
    from matcher.advice.why import Clash
    from matcher.domain import Problem

app = typer.Typer()

MOULD_BREAKERS = (GoalName.WOMEN_IN_MALE_DOMINATED, GoalName.MEN_IN_FEMALE_DOMINATED, GoalName.ETHNIC_GROUPS)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@app.command("stand-in", short_help="Who could step in at a visit")
def stand_in(
    session: Annotated[str, typer.Argument(help="The visit: its id, or words of its title or school.")],
    db: Database = DEFAULT_DB,
    draft: Annotated[bool, typer.Option("--draft", help="In the newest run, not in what is published.")] = False,
    most: Annotated[int, typer.Option("--most", min=1, max=1000, help="How many to list.")] = 10,
    now: Now = None,
) -> None:
    """Lists who could step in at a visit, those asked least first, with what it would mean for them."""
    with usecases.open_workspace(db) as workspace:
        found = usecases.advising.stand_in(workspace, session, now, draft=draft)
    problem, answer = found.problem, found.answer
    visit = problem.sessions[answer.session_id]

    def named(volunteer_id: str) -> str:
        return one_line(problem.volunteers[volunteer_id].name)

    when = f"{time_text(answer.slot.start)} {answer.slot.day.year}"
    print(f"{_called(problem, answer.session_id)}, {when} ({one_line(visit.session_id)})")
    coming = listed([named(each) for each in answer.team]) if answer.team else "nobody"
    state = (
        f"{counted(answer.missing, 'more volunteer')} needed for it to run"
        if answer.missing
        else f"room for {answer.room} more"
        if answer.room
        else "fully staffed, so that these would be a reserve"
    )
    if answer.lacks:
        state += f", somebody from {listed([one_line(problem.sector_name(each)) for each in answer.lacks])} among them"
    print(f"Coming: {coming}; {state}.")
    for each in answer.found[:most]:
        person = problem.volunteers[each.volunteer_id]
        means = [f"their {ordinal(each.sessions + 1)} visit this term"]
        if visit.mode is Mode.IN_PERSON:
            means.append(f"{each.extra_km:.1f} km more travel" if each.extra_km else "no more travel")
        if each.preference:
            means.append("a good match" if each.preference > 0 else "not a good match")
        if each.new_sector:
            means.append(f"the first from {one_line(each.new_sector)} that the class would meet")
        work = ", ".join(one_line(word) for word in (person.role, person.employer) if word)
        print(f"  {named(each.volunteer_id)}{f' ({work})' if work else ''}: {'; '.join(means)}")
    if len(answer.found) > most:
        print(f"  ... and {len(answer.found) - most} more; --most lists more of them")
    for swap in answer.swaps[:most]:
        at = f"{_called(problem, swap.other_session_id)} ({one_line(swap.other_session_id)})"
        print(f"  {named(swap.volunteer_id)}, if {named(swap.instead_id)} took over {at}")
    if not answer.found:
        print("Nobody who is free can come as things are." if not answer.swaps else "Nobody else can come.")
        for near in answer.nearly:
            print(f"  Not {named(near.volunteer_id)}: {one_line(near.words)}.")
        print(f"More of it: matcher why {shlex.quote(answer.session_id)}")
    elif not answer.room:
        print("Ask them whether they could be called on.")
    else:
        first = answer.found[0].volunteer_id
        print(
            f"Ask them; then: matcher assign {shlex.quote(first)} {shlex.quote(answer.session_id)}, and matcher repair"
        )


@app.command(short_help="Whom to ask for in a call for volunteers")
def recruit(
    people: Annotated[int, typer.Option("--people", min=1, max=10, help="How many new people.")] = 3,
    db: Database = DEFAULT_DB,
    draft: Annotated[bool, typer.Option("--draft", help="For the newest run, not for what is published.")] = False,
    now: Now = None,
) -> None:
    """Says which few new people would help most, all together, in words for a call for volunteers."""
    with usecases.open_workspace(db) as workspace:
        found = usecases.advising.recruit(workspace, people, now, draft=draft)
    problem, answer = found.problem, found.answer
    if not answer.people:
        print(f"None of the {counted(answer.kinds, 'kind')} of people tried would bring another visit or fill a place.")
        return
    print("We are looking for:")
    for each in answer.people:
        kind = each.kind
        part = "mornings" if kind.morning else "afternoons"
        where = f"near {one_line(problem.schools[kind.school_id].name)}" if kind.school_id else "who comes online"
        print(f"  somebody from {one_line(kind.sector)} {where}, free on {WEEKDAYS[kind.weekday]} {part}")
        for session_id in each.session_ids:
            why = ", which does not take place without them" if session_id in each.delivers else ""
            print(f"    for {_called(problem, session_id)}{why}")
    more = f"{counted(answer.more_visits, 'more visit')}" if answer.more_visits else "no more visits, but fuller teams"
    print(f"With them: {more}.")
    asked, kinds = counted(people, "person", "people"), f"{answer.kinds} kinds tried"
    if answer.bound <= answer.reach:
        print(f"Proven: no {asked} of the {kinds} could bring more visits.")
    else:
        gap = 100 * (answer.bound - answer.reach) / max(1, answer.bound)
        print(f"No {asked} of the {kinds} could raise reach by more than another {gap:.1f} %.")
    if any(goal.weight and goal.target for name, goal in problem.programme.goals.items() if name in MOULD_BREAKERS):
        print(
            "Women in building, engineering and rail, men in nursing and teaching, and people of every background "
            "are especially welcome: children should meet them, too."
        )


@app.command(short_help="Whose safeguarding check runs out soon")
def due(
    db: Database = DEFAULT_DB,
    days: Annotated[int, typer.Option(min=0, max=3650, help="How far ahead to look.")] = 60,
    now: Now = None,
) -> None:
    """Lists whose safeguarding check runs out soon or has, with the visits to come at which they need one.

    For the coordinator alone.
    """
    with usecases.open_workspace(db) as workspace:
        found = usecases.advising.due(workspace, days, now)
        if not found:
            print(f"Nobody's check runs out within {counted(days, 'day')}.")
        for each in found:
            person = each.volunteer
            runs_out = "ran out after" if each.has_run_out else "holds until"
            email = f", {one_line(person.email)}" if person.email else ""
            name = f"{one_line(person.name)} ({one_line(person.volunteer_id)}{email})"
            print(f"{name}: {runs_out} {each.until:%Y-%m-%d}")
            for visit in each.visits:
                late = ", after it has run out" if visit.too_late else ""
                print(
                    f"  needs it for {one_line(visit.session.title or visit.session.session_id)} at "
                    f"{one_line(visit.school.name)}, {time_text(visit.slot.start)} {visit.slot.day.year}{late}"
                )


@app.command(short_help="Why a visit, or somebody in it, is (not) in the plan")
def why(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[VOLUNTEER] SESSION", help="Ids, or words of names and titles.")
    ] = None,
    pins: Annotated[bool, typer.Option("--pins", help="Which pins cannot be kept together, instead.")] = False,
    db: Database = DEFAULT_DB,
    draft: Annotated[bool, typer.Option("--draft", help="In the newest run, not in what is published.")] = False,
    now: Now = None,
) -> None:
    """Says why a session is not delivered and what would bring it, or why somebody is not in its team."""
    asked = words or []
    if len(asked) > 2 or pins == bool(asked):
        raise BadInput("Ask about one session, about one volunteer and one session, or with --pins about the pins.")
    with usecases.open_workspace(db) as workspace:
        if pins:
            _print_pins(*usecases.advising.why_pins(workspace, now))
        elif len(asked) == 1:
            _print_session(usecases.advising.why_session(workspace, asked[0], now, draft=draft))
        else:
            person, session = asked
            _print_person(usecases.advising.why_person(workspace, person, session, now, draft=draft))


def _print_session(found: usecases.advising.WhySession) -> None:
    problem, answer = found.problem, found.answer
    where = _called(problem, found.session_id)
    if answer is None:
        visit = found.plan.visits[found.session_id]
        team = listed([one_line(problem.volunteers[each].name) for each in visit.team])
        print(f"{where} takes place, {time_text(visit.slot.start)} {visit.slot.day.year}, with {team}.")
        print(f"Why somebody is not in the team: matcher why VOLUNTEER {shlex.quote(found.session_id)}")
        return
    print(f"{where} does not take place. {one_line(answer.reason)}")
    for lines in answer.ways:
        print(f"  It would, if {listed([one_line(line) for line in lines.needed])}{_others(lines.others)}.")
    if answer.as_it_is is not None:
        print(f"  It could as things are{_others(answer.as_it_is)}: matcher repair looks for that.")
    elif not answer.ways:
        print(f"Nothing that was tried would bring it: {listed(list(answer.tried))}, up to three of these together.")
    elif answer.ways:
        print("Each was planned with, and keeps every other visit. No smaller change of those tried would do.")


def _others(count: int) -> str:
    return f", with {counted(count, 'place')} of other visits changed" if count else ""


def _print_person(found: usecases.advising.WhyPerson) -> None:
    problem, answer = found.problem, found.answer
    name, where = one_line(problem.volunteers[found.volunteer_id].name), _called(problem, found.session_id)
    if answer is None:
        print(f"{name} comes to {where}; without them the plan would need somebody else or do with fewer.")
        return
    print(f"{name} does not come to {where}.")
    for line in answer.against:
        print(f"  {one_line(line)}")
    if answer.swap is not None:
        swap = listed([one_line(line) for line in answer.swap]) if answer.swap else "nobody else has to change"
        print(f"  It could be, with the fewest changes: {swap}.")
        costs = listed(list(answer.costs)) if answer.costs else "nothing would change"
        print(f"  For preferences, how visits are spread, and travel: {costs}.")
    elif not answer.forbidden:
        print("  No change of teams near it that keeps every other visit makes room for them.")


def _print_pins(problem: Problem, clash: Clash | None) -> None:
    if clash is None:
        print(f"No pins clash: {counted(len(problem.pins), 'pin')} looked at.")
        return
    print("These pins cannot all be kept:" if len(clash.pins) > 1 else "This pin cannot be kept:")
    for line in clash.pins:
        print(f"  {one_line(line)}")
    if clash.ends:
        print("Without any one of these no pins clash any more:")
        for line in clash.ends:
            print(f"  {one_line(line)}")
    else:
        print("Besides these, others clash: take one of these out, and ask again.")


def _called(problem: Problem, session_id: str) -> str:
    return one_line(usecases.advising.visit_called(problem, session_id))
