"""Stage 2: from typed rows to the term that they describe; here tables meet one another."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from matcher.domain import (
    DEFAULT_GOALS,
    Availability,
    Cohort,
    Decision,
    Encounter,
    EthnicGroup,
    Gender,
    GoalName,
    GoalSetting,
    Limits,
    Mode,
    Override,
    Pin,
    Problem,
    Programme,
    School,
    Session,
    Slot,
    VisitRecord,
    Volunteer,
    folded,
)
from matcher.geography import Position
from matcher.intake.cells import LONGEST_TERM_DAYS
from matcher.intake.consent import withhold
from matcher.intake.ethnicity import ethnic_group
from matcher.intake.notes import Notes, Place, counted_rows, listed, quoted
from matcher.intake.sheets import Reading
from matcher.intake.swapped import demographics_swapped, mostly_swapped, warn_of_positions
from matcher.people_alike import id_key, mailbox, same_people
from matcher.tables import COHORTS, PROGRAMME, SCHOOLS, SESSIONS, VOLUNTEERS, WEEKDAYS, Kind, Row, Table, days_of
from matcher.times import Span, days, exists, is_ambiguous

MOST_SUGGESTIONS = 50  # looking for the nearest id takes time: a table of nothing but unknown ids must not


def assemble(reading: Reading, notes: Notes) -> Problem | None:
    """The term, as far as the rows go; None if some of it is missing, in which case a problem has been noted."""
    withhold(reading.rows, notes)  # also of rows that were not read by this version, or not read at all
    return _Assembly(reading, notes).problem()


class _Assembly:
    def __init__(self, reading: Reading, notes: Notes) -> None:
        self.reading, self.places = reading, notes.places
        self.notes, self.complain, self.warn = notes, notes.problem, notes.warning
        self.ids = {
            "schools": self._ids("schools", "school_id"),
            "cohorts": self._ids("cohorts", "cohort_id"),
            "sessions": self._ids("sessions", "session_id"),
            "volunteers": self._ids("volunteers", "volunteer_id"),
        }
        self.swapped_demographics: dict[str, list[int]] = {}
        self.unknown: dict[str, list[tuple[str, Row, str, str]]] = {}
        self.programme = self._programme()
        self.zone = ZoneInfo(self.programme.timezone) if self.programme else None

    def problem(self) -> Problem | None:
        schools = self._schools()
        self._warn_of_shares()
        cohorts = self._cohorts()
        sessions = self._sessions(cohorts)
        self._warn_of_slots_where_nobody_is_taken(schools, sessions)
        self._warn_of_schools_without_position(schools, sessions)
        shares = self._shares()
        volunteers = self._volunteers(shares)
        self._warn_of_people_alike(volunteers)
        self._warn_of_swapped_positions(schools, volunteers)
        encounters = self._encounters(shares)
        pins = self._pins(sessions, schools)
        records = self._records(sessions)
        preferences = self._preferences()
        overrides = self._overrides()
        self._report_unknown()
        if self.programme is None:
            return None
        sector_names = {
            folded(word): word for row in self.rows("sessions") for word in several(row, "required_sectors")
        }
        return Problem(
            self.programme,
            schools,
            cohorts,
            sessions,
            volunteers,
            encounters,
            pins,
            preferences,
            sector_names,
            records,
            overrides,
        )

    # ---------------------------------------------------------------------------------------------- small helpers

    def rows(self, table: str) -> Iterable[Row]:
        return self.reading.rows.get(table, ())

    def _ids(self, table: str, column: str) -> dict[str, Row]:
        """The ids of a table, each with its first row."""
        found: dict[str, Row] = {}
        for row in self.rows(table):
            if key := text(row, column):
                found.setdefault(key, row)
        return found

    def _known(self, target: str, table: str, row: Row, column: str, key: str) -> bool:
        """Whether the id stands in the target table; if not, that is reported at the end."""
        if key in self.ids[target]:
            return True
        if key:
            self.unknown.setdefault(target, []).append((table, row, column, key))
        return False

    def _report_unknown(self) -> None:
        """An id may be unknown only because the row that has it is itself in disorder; then that is what is said."""
        for target, found in self.unknown.items():
            if target in self.reading.unread:
                continue
            if len({key for *_, key in found}) <= self.reading.nameless[target]:
                continue
            suggestions: dict[str, str] = {}
            for table, row, column, key in found:
                if key not in suggestions:
                    suggestions[key] = self._suggestion(target, key) if len(suggestions) < MOST_SUGGESTIONS else ""
                self.complain(
                    table,
                    row,
                    column,
                    quoted(key),
                    f"an id from the table {target}",
                    f"{suggestions[key]}Correct the id, or add it to {target}.",
                )

    def _suggestion(self, target: str, key: str) -> str:
        known = self.ids[target]
        same = next((name for name in known if name.casefold() == key.casefold()), None)
        near = [same] if same else difflib.get_close_matches(key[:60], known, n=1, cutoff=0.8)
        if same:
            return f"Did you mean {same}? Capital letters count in ids. "
        return f"Did you mean {near[0]}? " if near else ""

    def _position(self, table: str, row: Row) -> Position | None:
        latitude, longitude = decimal(row, "latitude"), decimal(row, "longitude")
        if latitude is not None and longitude is not None:
            return Position(latitude, longitude)
        for has, lacks in (("latitude", "longitude"), ("longitude", "latitude")):
            if row[has] is not None and row[lacks] is None and not self.reading.is_bad(table, row, lacks):
                self.complain(
                    table,
                    row,
                    lacks,
                    f"a {has} without a {lacks}",
                    "both or neither",
                    f"Fill in both, or clear {has}.",
                )
        return None

    # ------------------------------------------------------------------------------------------------- programme

    def _programme(self) -> Programme | None:
        given = self.reading.programme
        first, last = given.get("first_day"), given.get("last_day")
        if not (isinstance(first, date) and isinstance(last, date)):
            return None
        if last < first:
            found = f"{last}, before the first day {first}"
            self.complain(PROGRAMME, None, "last_day", found, "first_day or later", "Swap the two.")
            return None
        if (last - first).days >= LONGEST_TERM_DAYS:  # a mistyped year, which would be very many weekdays
            self.complain(
                PROGRAMME,
                None,
                "last_day",
                f"a term from {first} to {last}",
                f"at most {LONGEST_TERM_DAYS:,} days",
                "Check the years of first_day and last_day.",
            )
            return None
        closed = given.get("closed")
        limits = {key.removeprefix("limits."): value for key, value in given.items() if key.startswith("limits.")}
        goals = dict(DEFAULT_GOALS)
        for name, goal in DEFAULT_GOALS.items():
            target, weight = given.get(f"goals.{name}.target"), given.get(f"goals.{name}.weight")
            goals[GoalName(name)] = GoalSetting(
                target if isinstance(target, int) else goal.target, weight if isinstance(weight, int) else goal.weight
            )
        timezone = given.get("timezone")
        return Programme(
            name=str(given.get("name", "")),
            first_day=first,
            last_day=last,
            timezone=timezone if isinstance(timezone, str) else "Europe/London",
            closed=frozenset(closed if isinstance(closed, tuple) else ()),
            limits=replace(Limits(), **limits),  # type: ignore[arg-type]  # keys and kinds: intake.programme.SETTINGS
            goals=goals,
            organiser_name=str(given.get("organiser_name", "")),
            organiser_email=str(given.get("organiser_email", "")),
            reply_to=str(given.get("reply_to", "")),
            what_to_bring=str(given.get("what_to_bring", "")),
            letters_kept_days=kept_days if isinstance(kept_days := given.get("letters_kept_days"), int) else None,
        )

    # --------------------------------------------------------------------------------------- schools and sessions

    def _schools(self) -> dict[str, School]:
        found: dict[str, School] = {}
        for row in self.rows("schools"):
            position = self._position("schools", row)
            school_id = text(row, "school_id")
            if not school_id or school_id in found:
                continue
            found[school_id] = School(
                school_id=school_id,
                name=text(row, "name"),
                position=position,
                closed=frozenset(days_of(several(row, "closed"))),
                **as_it_stands(School, SCHOOLS, row),
            )
        return found

    def _warn_of_shares(self) -> None:
        """0.35 in a column of per cents is taken for what it is, but most likely means 35."""
        percents = [decimal(row, "pupil_premium_percent") or 0 for row in self.rows("schools")]
        if 0 < max(percents, default=0) <= 1:
            self.warn(
                "schools",
                None,
                "pupil_premium_percent",
                "no value above 1",
                "per cents, 0 to 100",
                "If these are shares, write 0.35 as 35 or 35%.",
            )

    def _cohorts(self) -> dict[str, Cohort]:
        found: dict[str, Cohort] = {}
        for row in self.rows("cohorts"):
            school_id = text(row, "school_id")
            self._known("schools", "cohorts", row, "school_id", school_id)
            cohort_id = text(row, "cohort_id")
            if cohort_id and cohort_id not in found:
                found[cohort_id] = Cohort(cohort_id, school_id, **as_it_stands(Cohort, COHORTS, row))
        return found

    def _sessions(self, cohorts: Mapping[str, Cohort]) -> dict[str, Session]:
        self.slot_rows = slots = self._slots()
        with_slot_rows = {text(row, "session_id") for row in self.rows("slots")}  # even if they cannot be read
        self.swapped_sizes = mostly_swapped(
            "sessions", "min_volunteers", "max_volunteers", self.rows("sessions"), _most_is_least, self.notes
        )
        found: dict[str, Session] = {}
        for row in self.rows("sessions"):
            cohort_ids = several(row, "cohort_ids")
            school_id = self._school_of(row, cohort_ids, cohorts)
            self._check_team_size(row)
            session_id = text(row, "session_id")
            if not session_id or session_id in found:
                continue
            own = slots.get(session_id, {})
            if session_id not in with_slot_rows and "slots" not in self.reading.unread:
                self.warn(
                    "sessions",
                    row,
                    "session_id",
                    f"no slot for {quoted(session_id)}",
                    "at least one row in slots",
                    "Add the times at which it could run; without them it cannot be delivered.",
                )
            found[session_id] = Session(
                session_id=session_id,
                school_id=school_id,
                cohort_ids=tuple(dict.fromkeys(cohort_ids)),
                min_volunteers=whole(row, "min_volunteers") or 1,
                max_volunteers=whole(row, "max_volunteers") or 1,
                slots=tuple(sorted(own)),
                mode=Mode(text(row, "mode") or Mode.IN_PERSON),
                required_sectors=frozenset(folded(word) for word in several(row, "required_sectors")),
                supervised=text(row, "supervised") != "no",
                **as_it_stands(Session, SESSIONS, row),
            )
        return found

    def _school_of(self, row: Row, cohort_ids: tuple[str, ...], cohorts: Mapping[str, Cohort]) -> str:
        repeated = [cohort for cohort, times in Counter(cohort_ids).items() if times > 1]
        if repeated:
            self.complain(
                "sessions",
                row,
                "cohort_ids",
                f"{listed([quoted(cohort) for cohort in repeated], 'and')} more than once",
                "each cohort once",
                "Delete the repetition.",
            )
        by_school: dict[str, str] = {}
        for cohort_id in dict.fromkeys(cohort_ids):
            if self._known("cohorts", "sessions", row, "cohort_ids", cohort_id):
                school_id = cohorts[cohort_id].school_id
                if school_id in self.ids["schools"] or (school_id and "schools" in self.reading.unread):
                    by_school.setdefault(school_id, cohort_id)
        if len(by_school) > 1:
            described = listed([f"{quoted(cohort)} of {quoted(school)}" for school, cohort in by_school.items()], "and")
            self.complain(
                "sessions",
                row,
                "cohort_ids",
                f"cohorts of different schools: {described}",
                "cohorts of one school",
                "Make it a session for each school, or correct the ids.",
            )
        return next(iter(by_school), "")

    def _check_team_size(self, row: Row) -> None:
        least, most = whole(row, "min_volunteers"), whole(row, "max_volunteers")
        for column, size in (("min_volunteers", least), ("max_volunteers", most)):
            if size is not None and size < 1:
                self.complain(
                    "sessions", row, column, quoted(str(size)), "1 or more", "A session needs at least one volunteer."
                )
        if least is not None and most is not None and 1 <= most < least and row.number not in self.swapped_sizes:
            self.complain(
                "sessions",
                row,
                "max_volunteers",
                f"{quoted(str(most))}, less than min_volunteers, which is {least}",
                "min_volunteers or more",
                "Correct one of the two.",
            )

    def _slots(self) -> dict[str, dict[Slot, Row]]:
        found: dict[str, dict[Slot, Row]] = {}
        swapped = mostly_swapped("slots", "start", "end", self.rows("slots"), _ends_first, self.notes)
        for row in self.rows("slots"):
            session_id = text(row, "session_id")
            self._known("sessions", "slots", row, "session_id", session_id)
            start, end = moment(row, "start"), moment(row, "end")
            starts_once = self._happens_once("slots", row, "start", start)
            usable = self._happens_once("slots", row, "end", end) and starts_once
            if start is None or end is None or not usable or row.number in swapped:
                continue
            if end <= start or end.date() != start.date():
                wrong = "the same as the start"
                if end.date() != start.date():
                    wrong = f"on another day than the start at {start:%Y-%m-%d %H:%M}"
                elif end < start:
                    wrong = f"before the start at {start:%Y-%m-%d %H:%M}"
                self.complain(
                    "slots",
                    row,
                    "end",
                    f"{end:%Y-%m-%d %H:%M}, {wrong}",
                    "a time after the start, on the same day",
                    "Correct the start or the end.",
                )
                continue
            slot = Slot(start, end)
            own = found.setdefault(session_id, {})
            if slot in own:
                self.warn(
                    "slots",
                    row,
                    "start",
                    f"the same slot of {quoted(session_id)} as in row {own[slot].number}",
                    "each slot once",
                    "It is used once; delete one of the rows.",
                )
                continue
            own[slot] = row
            if self.programme and not self.programme.is_open(slot.day):
                self.warn(
                    "slots",
                    row,
                    "start",
                    f"{slot.day}, {self._why_shut(slot.day)}",
                    "a day of the term on which schools are open",
                    "The slot is not used.",
                )
        return found

    def _warn_of_slots_where_nobody_is_taken(
        self, schools: Mapping[str, School], sessions: Mapping[str, Session]
    ) -> None:
        for session in sessions.values():
            school = schools.get(session.school_id)
            for slot, row in self.slot_rows.get(session.session_id, {}).items():
                if school and slot.day in school.closed and self.programme and self.programme.is_open(slot.day):
                    self.warn(
                        "slots",
                        row,
                        "start",
                        f"{slot.day}, {self._why_shut(slot.day, school)}",
                        "a day on which the school takes visitors",
                        "The slot is not used.",
                    )

    def _why_shut(self, day: date, school: School | None = None) -> str:
        assert self.programme is not None
        if day in self.programme.closed:
            return "a day that is closed"
        if school and day in school.closed:
            return f"a day on which {quoted(school.name)} is closed"
        return f"outside the term, {self.programme.first_day} to {self.programme.last_day}"

    def _happens_once(self, table: str, row: Row, column: str, at: datetime | None) -> bool:
        if at is None or self.zone is None:
            return True
        if exists(at, self.zone) and not is_ambiguous(at, self.zone):
            return True
        happens = "happens twice" if is_ambiguous(at, self.zone) else "does not happen"
        self.complain(
            table,
            row,
            column,
            f"{at:%Y-%m-%d %H:%M}, which {happens} because the clocks change in {self.zone.key}",
            "a time that happens once",
            "Choose a time before or after the change.",
        )
        return False

    def _warn_of_schools_without_position(self, schools: Mapping[str, School], sessions: Mapping[str, Session]) -> None:
        visited = {session.school_id for session in sessions.values() if session.mode is Mode.IN_PERSON}
        for school in schools.values():
            if school.position is None and school.school_id in visited:
                row = self.ids["schools"][school.school_id]
                if row["latitude"] is None and row["longitude"] is None:
                    self._warn_of_no_position("schools", row)

    def _warn_of_no_position(self, table: str, row: Row) -> None:
        if any(self.reading.is_bad(table, row, column) for column in ("latitude", "longitude")):
            return
        km = (self.programme.limits if self.programme else Limits()).unknown_km
        self.warn(
            table,
            row,
            "latitude",
            "no position",
            "latitude and longitude",
            f"Every distance is taken to be {km:g} km; fill in both to have it measured.",
        )

    # -------------------------------------------------------------------------------------------------- volunteers

    def _warn_of_people_alike(self, volunteers: Mapping[str, Volunteer]) -> None:
        """One person under two ids, and what may be that: a shared mailbox, ids that look the same."""
        same = same_people(volunteers.values())
        for twins in same:
            self._warn_of_alike(
                twins,
                f"{quoted(volunteers[twins[0]].name)} more than once",
                "one row for each person",
                "It seems to be one person, who is never planned for two places at once: delete all rows but one.",
            )
        known = {frozenset(twins) for twins in same}
        by_box: dict[str, list[str]] = {}
        by_form: dict[str, list[str]] = {}
        for person in volunteers.values():
            by_form.setdefault(id_key(person.volunteer_id), []).append(person.volunteer_id)
            if box := mailbox(person.email):
                by_box.setdefault(box, []).append(person.volunteer_id)
        for ids in by_box.values():
            if len(ids) > 1 and frozenset(ids) not in known:
                self._warn_of_alike(
                    ids,
                    "one mailbox",
                    "a mailbox for each person",
                    "Whoever reads it gets the invitations of all of them; if they are one person, delete all rows "
                    "but one.",
                    "email",
                )
        for ids in by_form.values():
            if len(ids) > 1 and frozenset(ids) not in known:
                self._warn_of_alike(
                    ids, "ids that look the same", "ids that nobody mixes up", "They are taken as different people."
                )

    def _warn_of_alike(
        self, ids: Sequence[str], what: str, expected: str, action: str, column: str = "volunteer_id"
    ) -> None:
        rows = [self.ids["volunteers"][volunteer_id] for volunteer_id in ids]
        found = f"{what}, as {listed(map(quoted, ids), 'and')} in {counted_rows([row.number for row in rows])}"
        self.warn("volunteers", rows[-1], column, found, expected, action)

    def _warn_of_swapped_positions(self, schools: Mapping[str, School], volunteers: Mapping[str, Volunteer]) -> None:
        places = {
            table: {self.ids[table][key].number: each.position for key, each in found.items() if each.position}
            for table, found in (("schools", schools), ("volunteers", volunteers))
        }
        warn_of_positions(places, self.programme.timezone if self.programme else None, self.notes)

    def _shares(self) -> tuple[dict[str, float], dict[str, float]]:
        """Women's share by occupation and by sector."""

        def read(table: str, column: str) -> dict[str, float]:
            found: dict[str, float] = {}
            for row in self.rows(table):
                share = decimal(row, "share_women")
                if share is not None and text(row, column):
                    found.setdefault(folded(text(row, column)), share)
            return found

        return read("occupations", "occupation"), read("sectors", "sector")

    def _volunteers(self, shares: tuple[dict[str, float], dict[str, float]]) -> dict[str, Volunteer]:
        limits = self.programme.limits if self.programme else Limits()
        availability = self._availability()
        found: dict[str, Volunteer] = {}
        given_genders: list[Gender] = []
        for row in self.rows("volunteers"):
            position = self._position("volunteers", row)
            gender, group = self._demographics("volunteers", row, given_genders)
            excluded = several(row, "excluded_schools")
            for school_id in excluded:
                self._known("schools", "volunteers", row, "excluded_schools", school_id)
            volunteer_id = text(row, "volunteer_id")
            if not volunteer_id or volunteer_id in found:
                continue
            modes = frozenset(Mode(mode) for mode in several(row, "modes")) or frozenset(Mode)
            if Mode.IN_PERSON in modes and row["latitude"] is None and row["longitude"] is None:
                self._warn_of_no_position("volunteers", row)
            rows = availability.get(volunteer_id, [])
            self._warn_if_never_free(volunteer_id, row, rows)
            most, most_per_day = whole(row, "max_sessions"), whole(row, "max_sessions_per_day")
            found[volunteer_id] = Volunteer(
                volunteer_id=volunteer_id,
                name=text(row, "name"),
                sector=text(row, "sector"),
                max_sessions=limits.max_sessions if most is None else most,
                max_sessions_per_day=limits.max_sessions_per_day if most_per_day is None else most_per_day,
                gender=gender,
                ethnic_group=group,
                share_women=share_of(row, shares),
                position=position,
                modes=modes,
                checked_until=day(row, "checked_until"),
                excluded_schools=frozenset(excluded),
                availability=tuple(rows),
                **as_it_stands(Volunteer, VOLUNTEERS, row),
            )
        self._warn_of_genders("volunteers", given_genders)
        return found

    def _demographics(
        self, table: str, row: Row, given_genders: list[Gender]
    ) -> tuple[Gender | None, EthnicGroup | None]:
        if demographics_swapped(text(row, "gender"), text(row, "ethnicity")):
            self.swapped_demographics.setdefault(table, []).append(row.number)
        gender: Gender | None = None
        if word := folded(text(row, "gender")):
            gender = {"woman": Gender.WOMAN, "man": Gender.MAN}.get(word, Gender.OTHER)
            given_genders.append(gender)
        group: EthnicGroup | None = None
        if ethnicity := text(row, "ethnicity"):
            group = ethnic_group(ethnicity)
            if group is None and row.number not in self.swapped_demographics.get(table, ()):
                self.warn(
                    table,
                    row,
                    "ethnicity",
                    "a value that is not one of the census's",
                    f"{listed(list(EthnicGroup))}, or a label of the 2021 census",
                    "It is taken as unknown.",
                )
        return gender, group

    def _warn_of_genders(self, table: str, genders: list[Gender]) -> None:
        if swapped := self.swapped_demographics.get(table):
            self.warn(
                table,
                None,
                "gender",
                f"genders under ethnicity or ethnic groups under gender, in {counted_rows(swapped)}",
                "a person's gender under gender and their ethnic group under ethnicity",
                "The two columns seem to be swapped: exchange the headings, or the cells of these rows.",
            )
            return
        others = sum(gender is Gender.OTHER for gender in genders)
        if 2 * others > len(genders):
            self.warn(
                table,
                None,
                "gender",
                f"{others} of {len(genders)} values that are neither woman nor man",
                "woman, man, or a person's own word",
                "If they are abbreviations or other words for woman and man, write these two out.",
            )

    def _warn_if_never_free(self, volunteer_id: str, row: Row, rows: list[Availability]) -> None:
        if "availability" in self.reading.unread or volunteer_id in self.with_bad_availability:
            return
        if not any(one.available for one in rows):
            self.warn(
                "volunteers",
                row,
                "volunteer_id",
                f"no row in availability that says when {quoted(volunteer_id)} is free",
                "at least one row with available = yes",
                "They take part in no session; add the rows.",
            )

    def _availability(self) -> dict[str, list[Availability]]:
        found: dict[str, list[Availability]] = {}
        seen: dict[tuple[object, ...], Availability] = {}
        rows = self.rows("availability")
        self.swapped_hours = mostly_swapped("availability", "from", "to", rows, _ends_earlier, self.notes)
        self.swapped_days = mostly_swapped("availability", "first_day", "last_day", rows, _last_comes_first, self.notes)
        self.with_bad_availability: set[str] = set()
        for row in self.rows("availability"):
            volunteer_id = text(row, "volunteer_id")
            self._known("volunteers", "availability", row, "volunteer_id", volunteer_id)
            if not self._availability_holds(row):
                self.with_bad_availability.add(volunteer_id)
                continue
            if self.programme is None:
                continue
            content = tuple(row[column] for column in _AVAILABILITY)
            if content not in seen:
                seen[content] = self._spans(row, self.programme)
            found.setdefault(volunteer_id, []).append(seen[content])
        return found

    def _availability_holds(self, row: Row) -> bool:
        bad = {column for column in _AVAILABILITY if self.reading.is_bad("availability", row, column)}
        good = not bad
        weekday, date_ = row["weekday"] is not None, row["date"] is not None
        bounded = row["first_day"] is not None or row["last_day"] is not None
        if not bad & {"weekday", "date", "first_day", "last_day"}:
            if weekday and date_:
                good = False
                hint = "Fill in one and clear the other."
                self.complain("availability", row, "weekday", "a weekday and a date", "one of the two", hint)
            elif not (weekday or date_ or bounded):
                good = False
                self.complain(
                    "availability",
                    row,
                    "weekday",
                    "neither a weekday nor a date, and no first_day or last_day",
                    "at least one of them",
                    "Fill in a weekday or a date; for every day from a day on, or up to one, first_day or last_day.",
                )
        start, end = minutes(row, "from", 0), minutes(row, "to", 1440)
        if start >= end and not bad & {"from", "to"}:
            good = False
            hint = "For midnight at the end of the day, write 24:00." if end == 0 else "Correct one of the two."
            found = f"{_clock(end)}, not after {_clock(start)}"
            if row.number not in self.swapped_hours:
                self.complain("availability", row, "to", found, "a time after the one in from", hint)
        first, last = day(row, "first_day"), day(row, "last_day")
        if first and last and last < first:
            good = False
            found = f"{last}, before {first}"
            if row.number not in self.swapped_days:
                self.complain("availability", row, "last_day", found, "first_day or later", "Correct one of the two.")
        return good

    def _spans(self, row: Row, programme: Programme) -> Availability:
        """Days that recur count in the term, and on those around it that a person due early could need."""
        start, end = timedelta(minutes=minutes(row, "from", 0)), timedelta(minutes=minutes(row, "to", 1440))
        on = day(row, "date")
        if on is not None:
            dates = [on]
        else:
            around = timedelta(days=1 + programme.limits.arrival_minutes // 1440)
            first = max(day(row, "first_day") or programme.first_day, programme.first_day - around)
            last = min(day(row, "last_day") or programme.last_day, programme.last_day + around)
            step = 1
            if weekday := text(row, "weekday"):
                step = 7
                first += timedelta(days=(WEEKDAYS.index(weekday) - first.weekday()) % 7)
            dates = days(first, last)[::step] if first <= last else []
        midnights = [datetime(each.year, each.month, each.day) for each in dates]
        return Availability(tuple(Span(at + start, at + end) for at in midnights), text(row, "available") != "no")

    # -------------------------------------------------------------------------------------------------- the others

    def _encounters(self, shares: tuple[dict[str, float], dict[str, float]]) -> tuple[Encounter, ...]:
        found: list[Encounter] = []
        given_genders: list[Gender] = []
        for row in self.rows("encounters"):
            cohort_id = text(row, "cohort_id")
            self._known("cohorts", "encounters", row, "cohort_id", cohort_id)
            if text(row, "session_id") in self.ids["sessions"]:
                continue
            gender, group = self._demographics("encounters", row, given_genders)
            found.append(
                Encounter(
                    cohort_id,
                    text(row, "volunteer_id"),
                    text(row, "sector"),
                    gender,
                    group,
                    share_of(row, shares),
                    text(row, "session_id"),
                )
            )
        self._warn_of_genders("encounters", given_genders)
        return tuple(found)

    def _pins(self, sessions: Mapping[str, Session], schools: Mapping[str, School]) -> tuple[Pin, ...]:
        found: dict[Pin, Row] = {}
        kept_start: dict[str, tuple[datetime, Row]] = {}
        for row in self.rows("pins"):
            session_id, volunteer_id = text(row, "session_id"), text(row, "volunteer_id")
            start = moment(row, "start")
            known = self._known("sessions", "pins", row, "session_id", session_id)
            self._known("volunteers", "pins", row, "volunteer_id", volunteer_id)
            bad = {
                column for column in ("volunteer_id", "start", "decision") if self.reading.is_bad("pins", row, column)
            }
            if bool(volunteer_id) == bool(start) and not bad & {"volunteer_id", "start"}:
                what = "a volunteer and a start" if start else "neither a volunteer nor a start"
                self.complain("pins", row, "volunteer_id", what, "one of the two", "Make it a row for each decision.")
                continue
            if bad or not session_id or not text(row, "decision"):
                continue
            pin = Pin(session_id, Decision(text(row, "decision")), volunteer_id or None, start)
            if start and known and not self._is_usable(row, pin.decision, start, sessions[session_id], schools):
                continue
            opposite = replace(pin, decision=Decision.NEVER if pin.decision is Decision.KEEP else Decision.KEEP)
            if opposite in found:
                self._contradiction(row, "decision", pin, opposite, found[opposite])
            if start and pin.decision is Decision.KEEP:
                other, first = kept_start.setdefault(session_id, (start, row))
                if other != start:
                    self._contradiction(row, "start", pin, replace(pin, start=other), first)
            found.setdefault(pin, row)
        table = self.places.get("pins", Place("pins"))
        return tuple(replace(pin, place=str(replace(table, row=row.number))) for pin, row in found.items())

    def _records(self, sessions: Mapping[str, Session]) -> tuple[VisitRecord, ...]:
        """Rows of visits as they come: what they name may have left the spreadsheet since, which is only pointed out.

        Whether a visit is past is judged when the term is planned.
        """
        found: list[VisitRecord] = []
        earlier = {text(row, "session_id") for row in self.rows("encounters")}
        unknown: dict[tuple[str, str], list[int]] = {}
        for row in self.rows("visits"):
            session_id, cohort_id, came = text(row, "session_id"), text(row, "cohort_id"), several(row, "came")
            happened = text(row, "happened")
            if happened == "no" and came:
                self.complain(
                    "visits",
                    row,
                    "came",
                    "somebody who came to a visit that did not take place",
                    "nobody where happened is no",
                    "Write yes under happened, or clear came.",
                )
            if not session_id or not happened:
                continue
            if session_id in self.ids["sessions"]:
                session = sessions.get(session_id)
                if cohort_id and session and cohort_id not in session.cohort_ids:
                    self.warn(
                        "visits",
                        row,
                        "cohort_id",
                        f"{quoted(cohort_id)}, which does not take part in {quoted(session_id)}",
                        "a cohort of that session",
                        "The row is kept; correct it if it is another cohort's.",
                    )
            elif session_id not in earlier:
                unknown.setdefault(("session_id", "sessions"), []).append(row.number)
            if any(who not in self.ids["volunteers"] for who in came):
                unknown.setdefault(("came", "volunteers"), []).append(row.number)
            found.append(
                VisitRecord(
                    session_id,
                    happened == "yes",
                    cohort_id,
                    whole(row, "pupils_present"),
                    whole(row, "staff_present"),
                    tuple(dict.fromkeys(came)) or None,
                )
            )
        for (column, target), numbers in unknown.items():
            if target not in self.reading.unread:
                self.warn(
                    "visits",
                    numbers[0],
                    column,
                    f"an id that is not in the table {target}, in {counted_rows(numbers)}",
                    f"an id from the table {target}",
                    "The row is kept, for what it names may have been there earlier; if it is mistyped, correct it.",
                )
        return tuple(found)

    def _overrides(self) -> frozenset[Override]:
        found = set()
        for row in self.rows("overrides"):
            one = Override(*(text(row, column) for column in ("session_id", "volunteer_id", "rule", "reason")))
            self._known("sessions", "overrides", row, "session_id", one.session_id)
            self._known("volunteers", "overrides", row, "volunteer_id", one.volunteer_id)
            if one.session_id and one.volunteer_id and one.rule:
                found.add(one)
        return frozenset(found)

    def _contradiction(self, row: Row, column: str, pin: Pin, other: Pin, first: Row) -> None:
        self.complain(
            "pins",
            row,
            column,
            f'"{pin}", which contradicts "{other}" in row {first.number}',
            "pins that can all hold",
            f"Delete row {first.number} or row {row.number}.",
        )

    def _is_usable(
        self, row: Row, decision: Decision, start: datetime, session: Session, schools: Mapping[str, School]
    ) -> bool:
        """Whether a pin of a start says something that plans may or may not keep."""
        if "slots" in self.reading.unread or self.programme is None:
            return True
        school = schools.get(session.school_id)
        if start not in {slot.start for slot in session.slots}:
            if self._has_unusable_slot(session.session_id):
                return True
            starts = [
                f"{slot.start:%Y-%m-%dT%H:%M}"
                for slot in session.slots
                if self.programme.is_open(slot.day) and not (school and slot.day in school.closed)
            ]
            hint = f"Its slots start at {listed(starts[:5], 'and')}. " if starts else ""
            self.complain(
                "pins",
                row,
                "start",
                f"{start:%Y-%m-%d %H:%M}, at which no slot of {quoted(session.session_id)} starts",
                "the start of one of the session's slots",
                f"{hint}Correct the start, or add the slot.",
            )
            return False
        if not self.programme.is_open(start.date()) or (school and start.date() in school.closed):
            kept = decision is Decision.KEEP
            note = self.complain if kept else self.warn
            note(
                "pins",
                row,
                "start",
                f"{start.date()}, {self._why_shut(start.date(), school)}",
                "a slot on a day of the term on which schools are open",
                "Choose another slot, or delete the pin."
                if kept
                else "The pin changes nothing: no plan uses that slot.",
            )
            return False
        return True

    def _has_unusable_slot(self, session_id: str) -> bool:
        """Whether a slot of the session was dropped with a complaint: the pin may well mean that one."""
        rows = [row for row in self.rows("slots") if text(row, "session_id") == session_id]
        nameless = any(not text(row, "session_id") for row in self.rows("slots"))
        return nameless or any(not self._makes_a_slot(row) for row in rows)

    def _makes_a_slot(self, row: Row) -> bool:
        start, end = moment(row, "start"), moment(row, "end")
        if start is None or end is None or end <= start or end.date() != start.date():
            return False
        zone = self.zone
        return zone is None or all(exists(at, zone) and not is_ambiguous(at, zone) for at in (start, end))

    def _preferences(self) -> dict[tuple[str, str], int]:
        found: dict[tuple[str, str], int] = {}
        for row in self.rows("preferences"):
            volunteer_id, session_id = text(row, "volunteer_id"), text(row, "session_id")
            self._known("volunteers", "preferences", row, "volunteer_id", volunteer_id)
            self._known("sessions", "preferences", row, "session_id", session_id)
            score = whole(row, "score")
            if score is not None and volunteer_id and session_id:
                found.setdefault((volunteer_id, session_id), score)
        return found


_AVAILABILITY = ("weekday", "date", "from", "to", "first_day", "last_day", "available")


def _ends_first(slot: Row) -> bool | None:
    start, end = moment(slot, "start"), moment(slot, "end")
    return None if start is None or end is None else end < start and end.date() == start.date()


def _ends_earlier(availability: Row) -> bool | None:
    start, end = whole(availability, "from"), whole(availability, "to")
    return None if start is None or end is None else 0 < end < start


def _last_comes_first(availability: Row) -> bool | None:
    first, last = day(availability, "first_day"), day(availability, "last_day")
    return None if first is None or last is None else last < first


def _most_is_least(session: Row) -> bool | None:
    least, most = whole(session, "min_volunteers"), whole(session, "max_volunteers")
    return None if least is None or most is None else 1 <= most < least


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


# ------------------------------------------------------------------------------------------- a row's typed values


_PLAIN = frozenset({Kind.TEXT, Kind.WHOLE, Kind.SIGNED, Kind.NUMBER, Kind.PERCENT})


def as_it_stands(kind: type[Any], table: Table, row: Row) -> dict[str, Any]:
    """The optional facts of a `kind` that a row says in so many words: those that have a column of their name.

    A blank cell leaves the fact's default. What is personal, or what safety rests on, is never taken unlooked at.
    """
    columns = {
        column.name
        for column in table.columns
        if column.kind in _PLAIN and not (column.required or column.personal or column.safety)
    }
    optional = {field.name for field in fields(kind) if field.default is not MISSING}
    return {name: value for name in columns & optional if (value := row.values.get(name)) is not None}


def text(row: Row, column: str) -> str:
    value = row.values.get(column)
    return value if isinstance(value, str) else ""


def several(row: Row, column: str) -> tuple[str, ...]:
    value = row.values.get(column)
    return value if isinstance(value, tuple) else ()


def whole(row: Row, column: str) -> int | None:
    value = row.values.get(column)
    return value if isinstance(value, int) else None


def decimal(row: Row, column: str) -> float | None:
    value = row.values.get(column)
    return float(value) if isinstance(value, int | float) else None


def minutes(row: Row, column: str, default: int) -> int:
    value = whole(row, column)
    return default if value is None else value


def day(row: Row, column: str) -> date | None:
    value = row.values.get(column)
    return value if isinstance(value, date) else None


def moment(row: Row, column: str) -> datetime | None:
    value = row.values.get(column)
    return value if isinstance(value, datetime) else None


def share_of(row: Row, shares: tuple[dict[str, float], dict[str, float]]) -> float | None:
    """The occupation's figure if it has one, else the sector's, else unknown."""
    by_occupation, by_sector = shares
    share = by_occupation.get(folded(text(row, "occupation")))
    return by_sector.get(folded(text(row, "sector"))) if share is None else share
