"""What a workspace keeps, judged before anything is done with it: whether it is still what was written there.

The store hands out values that are of their columns' kinds. Here they are held against each other: a scenario against
its fingerprint, a plan against its scenario, events against the people and sessions they speak of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from matcher.appointments import Attendee, Facts
from matcher.domain import REPAIR_TIERS, TIERS, Encounter, Plan, Problem, Slot, UnderWay, Visit, Volunteer
from matcher.errors import DamagedError, InputProblem, InputProblems, NotThere, Remedy, StoreError
from matcher.intake import build_problem
from matcher.publishing.calendars import told_in
from matcher.publishing.facts import appointments
from matcher.publishing.forgetting import STAND_IN
from matcher.publishing.published import Entry, Letter, LetterState
from matcher.store import Begun, SavedRun, Version, Workspace, fingerprint
from matcher.tables import Tables
from matcher.wording import one_line


def kept_problem(workspace: Workspace, run: int | None = None) -> tuple[Tables, Problem, list[InputProblem]]:
    """The current scenario, or the one of that run, as it was imported; with the warnings of its reading."""
    mark = workspace.fingerprint(run)
    return workspace.once(("problem", mark), lambda: _problem(workspace, run))


def _problem(workspace: Workspace, run: int | None) -> tuple[Tables, Problem, list[InputProblem]]:
    found = workspace.load_scenario(run)
    if found is None:
        raise NotThere(f"{workspace.where} holds no scenario yet.", Remedy.IMPORT)
    tables, mark = found
    if fingerprint(tables) != mark:
        what = "last import" if run is None else f"data that run {run} was made for"
        mend = ", which a new import would replace," if run is None else ""
        raise DamagedError(workspace.where, f"the {what}{mend} is not what was imported")
    try:
        problem, warnings = build_problem(tables)
    except InputProblems as error:
        more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
        what = "The last import" if run is None else f"The data that run {run} was made for"
        raise StoreError(
            f"{what} can no longer be used: {error.problems[0]}{more} Mend the spreadsheet, import it and solve again."
        ) from error
    return tables, problem, warnings


def kept_run(workspace: Workspace, number: int | None = None) -> tuple[SavedRun, Problem]:
    """That run, or the newest one, with the data of its time; every id in it is of that data."""
    saved = workspace.run(number)
    if tuple(score.tier for score in saved.tiers) not in (TIERS, REPAIR_TIERS):
        raise DamagedError(workspace.where, f"run {saved.number} does not have its scores")
    _, problem, _ = kept_problem(workspace, saved.number)
    if saved.begun is not None:
        problem = with_past(workspace, problem, saved.begun)
    teams = {volunteer for visit in saved.plan.visits.values() for volunteer in visit.team}
    for what, named, known in (
        ("session", {*saved.plan.visits, *saved.reasons}, problem.sessions),
        ("volunteer", teams, problem.volunteers),
    ):
        _insist_known(workspace, f"run {saved.number}", what, named, known)
    if any(not visit.team or visit.slot.end <= visit.slot.start for visit in saved.plan.visits.values()):
        raise DamagedError(workspace.where, f"run {saved.number} has a visit without volunteers or without duration")
    silent = problem.sessions.keys() - saved.plan.visits.keys() - saved.reasons.keys()
    if silent:
        raise DamagedError(workspace.where, f"run {saved.number} says nothing of the session {one_line(min(silent))}")
    if not saved.is_whole:
        raise DamagedError(workspace.where, f"run {saved.number} is not what was kept")
    return saved, problem


def with_past(workspace: Workspace, problem: Problem, begun: Begun) -> Problem:
    """The term under way: with what people had been told, and everybody and everything that past visits name.

    Whoever the data does not have (any more) is as in the last version that has them, and never free. What took place
    in an earlier term is no part of this one: whom classes met there are earlier encounters.
    """
    everything = {session_id: visit for session_id, visit in begun.past.items() if visit is not None}
    earlier = {key: visit for key, visit in everything.items() if is_of_earlier_term(problem, key, visit.slot)}
    past = {key: visit for key, visit in begun.past.items() if key not in earlier}
    stands = {key: visit for key, visit in everything.items() if key not in earlier}
    known = replace(problem, encounters=(*problem.encounters, *_encounters_at(workspace, problem, earlier)))
    for version in workspace.versions():
        if stands.keys() <= known.sessions.keys() and _teams(stands) <= known.volunteers.keys():
            break
        _, then, _ = kept_problem(workspace, version.run_number)
        known = _with_those_of(known, then, stands)
    unheard_of = {
        key: Volunteer(key, key, "", max_sessions=0, max_sessions_per_day=0)
        for key in sorted(_teams(stands) - known.volunteers.keys())
    }  # who came, by a spreadsheet that nobody was ever planned by
    known = replace(known, volunteers={**known.volunteers, **unheard_of})
    version = kept_version(workspace, begun.version)
    told = workspace.once(("plan", version.number), lambda: workspace.run(version.run_number).plan)
    to_come = {
        session_id: visit
        for session_id, visit in told.visits.items()
        if session_id not in past and visit.slot.start > begun.now
    }
    erased = frozenset(
        key for key in _teams(stands) if key in known.volunteers and known.volunteers[key].name == STAND_IN
    )
    under_way = UnderWay(begun.now, Plan({**stands, **to_come}), past, begun.declined, erased)
    return replace(known, under_way=under_way)


def is_of_earlier_term(problem: Problem, session_id: str, slot: Slot) -> bool:
    """Whether that visit was in a term before the one that the data describes, perhaps under an id used again."""
    session = problem.sessions.get(session_id)
    return slot.day < problem.programme.first_day and (session is None or slot not in session.slots)


def _encounters_at(workspace: Workspace, problem: Problem, visits: Mapping[str, Visit]) -> Iterator[Encounter]:
    """Whom classes of today met at visits of earlier terms, but for those visits that the data has encounters of."""
    told_already = {each.session_id for each in problem.encounters}
    left = {session_id: visit for session_id, visit in visits.items() if session_id not in told_already}
    for version in workspace.versions():
        if not left:
            return
        _, then, _ = kept_problem(workspace, version.run_number)
        for session_id, visit in list(left.items()):
            session = then.sessions.get(session_id)
            if session is None or visit.slot not in session.slots:
                continue
            del left[session_id]
            for cohort_id in session.cohort_ids:
                if cohort_id in problem.cohorts:
                    for who in visit.team:
                        yield _met(cohort_id, who, problem.volunteers.get(who) or then.volunteers.get(who), session_id)


def _met(cohort_id: str, volunteer_id: str, person: Volunteer | None, session_id: str) -> Encounter:
    if person is None or person.name == STAND_IN:
        return Encounter(cohort_id, volunteer_id, session_id=session_id)
    return Encounter(
        cohort_id, volunteer_id, person.sector, person.gender, person.ethnic_group, person.share_women, session_id
    )


def kept_version(workspace: Workspace, number: int) -> Version:
    """That version. Raises DamagedError where it is gone."""
    found = next((each for each in workspace.versions() if each.number == number), None)
    if found is None:
        raise DamagedError(workspace.where, f"version {number} is gone")
    return found


def _teams(visits: Mapping[str, Visit]) -> set[str]:
    return {volunteer_id for visit in visits.values() for volunteer_id in visit.team}


def _with_those_of(known: Problem, then: Problem, visits: Mapping[str, Visit]) -> Problem:
    sessions = {key: then.sessions[key] for key in visits if key not in known.sessions and key in then.sessions}
    people = {
        key: replace(then.volunteers[key], availability=())
        for key in sorted(_teams(visits))
        if key not in known.volunteers and key in then.volunteers
    }
    for key, person in people.items():
        if person.name == STAND_IN:
            people[key] = replace(person, sector="")
    schools = {each.school_id for each in sessions.values()}
    cohorts = {cohort_id for each in sessions.values() for cohort_id in each.cohort_ids}
    return replace(
        known,
        schools={**{key: then.schools[key] for key in then.schools if key in schools}, **known.schools},
        cohorts={**{key: then.cohorts[key] for key in then.cohorts if key in cohorts}, **known.cohorts},
        sessions={**known.sessions, **sessions},
        volunteers={**known.volunteers, **people},
    )


def kept_events(workspace: Workspace, number: int | None = None) -> tuple[Entry, ...]:
    """What people were told by that version, or by the newest one (nothing before the first), with its facts.

    Of what an earlier matcher told, they are those of the last plan until then that has the visit: as long as it stood
    unchanged, each later version told the same. Where the data for that plan can no longer be read, they are partial.
    """
    entries = workspace.published(number)
    lacking = {each.uid: each for each in entries if each.facts.partial}
    by_visit = {
        (each.attendee, each.attendee_id, each.session_id, each.start, each.end): uid for uid, each in lacking.items()
    }
    found: dict[str, Facts] = {}
    for version in workspace.versions():
        if not lacking.keys() - found.keys():
            break
        if number is not None and version.number > number:
            continue
        try:
            saved, problem = kept_run(workspace, version.run_number)
        except DamagedError:
            raise
        except StoreError:  # today's reading refuses the data of then
            continue
        for each in appointments(problem, saved.plan):
            uid = by_visit.get((each.attendee, each.attendee_id, each.session_id, each.facts.start, each.facts.end))
            if uid is not None:
                found.setdefault(uid, each.facts)
    return tuple(
        each
        if each.uid not in lacking
        else replace(each, facts=found.get(each.uid) or told_in(each.body, each.start, each.end))
        for each in entries
    )


def insist_events(workspace: Workspace, problem: Problem, entries: Iterable[Entry]) -> None:
    """Raises DamagedError if events speak of somebody or something that there never was, or are none."""
    entries = list(entries)
    for what, named, known in (
        ("session", {entry.session_id for entry in entries}, problem.sessions),
        (
            "volunteer",
            {entry.attendee_id for entry in entries if entry.attendee is Attendee.VOLUNTEER},
            problem.volunteers,
        ),
        ("school", {entry.attendee_id for entry in entries if entry.attendee is Attendee.SCHOOL}, problem.schools),
    ):
        _insist_known(workspace, "what was published", what, named, known)
    for entry in entries:
        begins, ends = "BEGIN:VEVENT\r\n", "END:VEVENT\r\n"
        body = entry.body.replace("\r\n ", "")
        facts = (f"\r\nUID:{entry.uid}\r\n", f"\r\nSEQUENCE:{entry.sequence}\r\n")
        if not (body.startswith(begins) and body.endswith(ends) and all(fact in body for fact in facts)):
            raise DamagedError(workspace.where, f"the event of {one_line(entry.session_id)} is no calendar's event")


def kept_letters(workspace: Workspace, *states: LetterState) -> tuple[Letter, ...]:
    """The outbox, of which every letter is the one that was written."""
    letters = workspace.letters(*states)
    for letter in letters:
        is_whole = is_tidied(letter) or letter.message_id.encode() in letter.content
        if not is_whole or "@" not in letter.recipient:
            raise DamagedError(workspace.where, f"a letter of version {letter.version} is not what was written")
    return letters


def is_tidied(letter: Letter) -> bool:
    """Whether its body was deleted after its time, which only one's that has gone or never will ever is."""
    return not letter.content and letter.state.is_done


def _insist_known(workspace: Workspace, where: str, what: str, named: Iterable[str], known: Iterable[str]) -> None:
    unknown = sorted(set(named) - set(known))
    if unknown:
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        raise DamagedError(
            workspace.where, f"{where} names the {what} {one_line(unknown[0])}{more}, of which its data knows nothing"
        )
