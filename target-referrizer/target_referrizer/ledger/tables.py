"""The ledger's tables: what should be, what Referrizer has confirmed, and what happened in between.

All instants are UTC. Ids of sources are kept as text, so `12` and `"12"` are one contact.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

SCHEMA_VERSION = 2


class Instant(sa.TypeDecorator[datetime]):
    """An aware UTC datetime, stored without a zone so that SQLite and PostgreSQL compare it alike."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a datetime without a zone: it would be guessed at."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        del dialect
        return None if value is None else value.replace(tzinfo=UTC)


metadata = sa.MetaData()


def is_one_of(column: sa.Column[str], *words: str) -> sa.ColumnElement[bool]:
    """Whether a column holds one of these words, which stand in the statement itself.

    As parameters they would not let a database see that a partial index has all that is asked for.
    """
    return column.in_(sa.bindparam(None, words, unique=True, expanding=True, literal_execute=True))


def is_above_0(column: sa.Column[int]) -> sa.ColumnElement[bool]:
    """Whether a column counts anything, likewise."""
    return column > sa.literal(0, literal_execute=True)


def _partial(name: str, *columns: sa.Column[Any], where: sa.ColumnElement[bool]) -> None:
    """An index of the few rows that have something to be done: an hour without news finds it empty.

    Queries that should use it contain its condition as it stands here. SQLite, which counts no rows, takes
    the index that most of a query's equalities begin: so some begin with a column that their condition
    fixes.
    """
    sa.Index(name, *columns, sqlite_where=where, postgresql_where=where)


meta = sa.Table(
    "meta",
    metadata,
    sa.Column("key", sa.String(200), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

run = sa.Table(
    "run",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("source", sa.String(200), nullable=False),
    sa.Column("command", sa.String(20), nullable=False, server_default="run"),  # run, baseline or verify
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("as_of", Instant, nullable=False),
    sa.Column("phase", sa.String(20), nullable=False),
    sa.Column("progress", sa.Integer, nullable=False, server_default="0"),
    sa.Column("total", sa.Integer, nullable=False, server_default="0"),
    sa.Column("progressed_at", Instant),  # by the machine's clock, as started_at and finished_at are
    sa.Column("finished_at", Instant),
    sa.Column("exit_code", sa.Integer),
    # Whether its input held a record, or a newer state than the tap began with
    sa.Column("has_news", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("accounting", sa.Text),
    sqlite_autoincrement=True,  # the number of a run is never given again
)

# What the sources say (the desired state), and which Referrizer contact each record is.
contact = sa.Table(
    "contact",
    metadata,
    sa.Column("source", sa.String(200), primary_key=True),
    sa.Column("id", sa.String(255), primary_key=True),
    sa.Column("record", sa.Text, nullable=False),
    sa.Column("updated_at", Instant),
    sa.Column("last_visit_at", Instant),  # as the source says it on the contact itself
    sa.Column("latest_visit_at", Instant),  # what we make of it, check-ins included
    sa.Column("email_key", sa.String(320)),
    sa.Column("phone_key", sa.String(20)),
    sa.Column("first_key", sa.String(255), nullable=False, server_default=""),
    sa.Column("last_key", sa.String(255), nullable=False, server_default=""),
    # new, linked, lost (Referrizer no longer has it: to be matched again), unreachable, rejected, gone or
    # forgotten
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("reject_code", sa.String(20)),
    sa.Column("remote_id", sa.String(100)),
    sa.Column("linked_by", sa.String(20)),  # created, e-mail or phone
    sa.Column("agrees", sa.Boolean),
    sa.Column("owns_fields", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("birthday_due", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("linked_at", Instant),
    sa.Column("create_intent_at", Instant),
    sa.Column("create_sent", sa.Text),  # the keys that were sent with it: by them it is looked up
    sa.Column("create_round", sa.Integer, nullable=False, server_default="0"),
    sa.Column("create_tries", sa.Integer, nullable=False, server_default="0"),  # in this run
    # Referrizer said yes to the creation and not which contact it is: never sent again
    sa.Column("create_acknowledged", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("unsettled_since", Instant),  # since when nobody knows what its creation came to
    sa.Column("dirty", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("staged_run", sa.Integer, nullable=False),
    sa.Column("created_run", sa.Integer),
)
sa.Index("contact_remote", contact.c.remote_id)
sa.Index("contact_status", contact.c.status, contact.c.source)
sa.Index("contact_email", contact.c.email_key)
sa.Index("contact_phone", contact.c.phone_key)
sa.Index("contact_staged", contact.c.staged_run, contact.c.source)
sa.Index("contact_created", contact.c.created_run, contact.c.source)
#: News of the source that have not gone into what Referrizer should show.
DIRTY = contact.c.dirty == sa.true()
#: Records that are not linked and might be.
UNLINKED = is_one_of(contact.c.status, "new", "lost", "gone")
IN_A_ROUND, WAS_TRIED = is_above_0(contact.c.create_round), is_above_0(contact.c.create_tries)
_partial(
    "contact_dirty", contact.c.source, contact.c.dirty, contact.c.status, contact.c.remote_id, where=DIRTY
)
_partial("contact_unlinked", contact.c.source, contact.c.id, where=UNLINKED)
_partial("contact_creating", contact.c.source, where=IN_A_ROUND | WAS_TRIED)

# One row for each appointment. Its id is kept for ever: it is what makes a visit unrepeatable.
visit = sa.Table(
    "visit",
    metadata,
    sa.Column("source", sa.String(200), primary_key=True),
    sa.Column("id", sa.String(255), primary_key=True),
    sa.Column("contact_id", sa.String(255), nullable=False),
    sa.Column("checked_in_at", Instant),
    sa.Column("is_checked_in", sa.Boolean, nullable=False),
    sa.Column("is_time_inferred", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("undone_at", Instant),  # the check-in time that was taken back
    sa.Column("as_of", Instant, nullable=False),
    # open, waiting, sending, delivered, merged, held or rejected
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("reason", sa.String(100)),
    sa.Column("waiting_since", Instant),
    sa.Column("remote_contact_id", sa.String(100)),
    sa.Column("remote_id", sa.String(100)),
    sa.Column("sent_at", Instant),  # the visit's date as it was sent
    sa.Column("points", sa.Integer),
    sa.Column("intent_at", Instant),
    sa.Column("settled_at", Instant),
    sa.Column("settled_run", sa.Integer),
    sa.Column("staged_run", sa.Integer, nullable=False),
)
sa.Index("visit_contact", visit.c.source, visit.c.contact_id, visit.c.checked_in_at)
sa.Index("visit_remote", visit.c.remote_contact_id, visit.c.sent_at)
sa.Index("visit_status", visit.c.status, visit.c.source)
sa.Index("visit_staged", visit.c.staged_run, visit.c.source)
sa.Index("visit_settled", visit.c.settled_run, visit.c.source, visit.c.status)
#: Check-ins that are not visits in Referrizer; those from before the first run stay such for ever.
UNPOSTED = (visit.c.is_checked_in == sa.true()) & is_one_of(visit.c.status, "open", "waiting")
WAS_UNDONE = (visit.c.is_checked_in == sa.false()) & visit.c.undone_at.is_not(None)
_partial("visit_unposted", visit.c.source, visit.c.checked_in_at, where=UNPOSTED)
_partial("visit_undone", visit.c.source, visit.c.is_checked_in, visit.c.contact_id, where=WAS_UNDONE)

# Referrizer's contacts: the index that matching looks people up in, and what was confirmed for those we link
# to.
remote_contact = sa.Table(
    "remote_contact",
    metadata,
    sa.Column("id", sa.String(100), primary_key=True),
    sa.Column("email_key", sa.String(320)),
    sa.Column("phone_key", sa.String(20)),
    sa.Column("first_key", sa.String(255), nullable=False, server_default=""),
    sa.Column("last_key", sa.String(255), nullable=False, server_default=""),
    sa.Column("shown", sa.Text, nullable=False, server_default="{}"),  # our fields as the list showed them
    sa.Column("index_no", sa.Integer, nullable=False),  # the index read that last saw it
    sa.Column("is_linked", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("is_gone", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("baseline_visit_at", Instant),  # where a rebuilt ledger starts from
    sa.Column("latest_visit_at", Instant),
    sa.Column("desired", sa.Text, nullable=False, server_default="{}"),
    sa.Column("confirmed", sa.Text, nullable=False, server_default="{}"),
    sa.Column("confirmed_group", sa.String(200)),
    sa.Column("birthday", sa.String(10)),  # to be sent once, with the first write
    sa.Column("intent_at", Instant),
    sa.Column("sent", sa.Text),  # the names of the fields that may have been written since
    sa.Column("unsettled_since", Instant),  # since when writes to it have gone unanswered
    sa.Column("refused", sa.Text),  # what Referrizer refused: not sent again until it changes
    sa.Column("written_run", sa.Integer),
)
sa.Index("remote_email", remote_contact.c.email_key)
sa.Index("remote_phone", remote_contact.c.phone_key)
sa.Index("remote_written", remote_contact.c.written_run)
#: Contacts that we keep in step.
LINKED = (remote_contact.c.is_linked == sa.true()) & (remote_contact.c.is_gone == sa.false())
#: Whether anything but the passing of time asks for a write, or a look. Where the field map leaves out
#: groups none is ever confirmed: then every contact is looked at in each run, which takes time and no call.
HAS_NEWS = (
    (remote_contact.c.desired != remote_contact.c.confirmed)
    | remote_contact.c.birthday.is_not(None)
    | remote_contact.c.intent_at.is_not(None)
    | remote_contact.c.unsettled_since.is_not(None)
    | remote_contact.c.confirmed_group.is_(None)
)
_partial("remote_news", remote_contact.c.is_linked, remote_contact.c.id, where=LINKED & HAS_NEWS)
# All that it takes to see whose group is no longer right: to count them, and in the order of updates.
_partial("remote_group", remote_contact.c.confirmed_group, remote_contact.c.latest_visit_at, where=LINKED)
_partial(
    "remote_age",
    remote_contact.c.id,
    remote_contact.c.confirmed_group,
    remote_contact.c.latest_visit_at,
    where=LINKED,
)

rejection = sa.Table(
    "rejection",
    metadata,
    sa.Column("source", sa.String(200), primary_key=True),
    sa.Column("stream", sa.String(50), primary_key=True),
    sa.Column("id", sa.String(255), primary_key=True),
    sa.Column("code", sa.String(20), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("record", sa.Text),
    sa.Column("first_run", sa.Integer, nullable=False),
    sa.Column("last_run", sa.Integer, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("settled_at", Instant),
)

event = sa.Table(
    "event",
    metadata,
    sa.Column("no", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("run", sa.Integer, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("kind", sa.String(30), nullable=False),
    sa.Column("source", sa.String(200)),
    sa.Column("contact_id", sa.String(255)),
    sa.Column("remote_id", sa.String(100)),
    sa.Column(
        "detail", sa.Text, nullable=False
    ),  # JSON; ids, groups and field names only, never a value of a person
)
sa.Index("event_contact", event.c.source, event.c.contact_id)
sa.Index("event_remote", event.c.remote_id)
sa.Index("event_run", event.c.run)
sa.Index("event_at", event.c.at)

# By what people are recognised who must not come back (see `marks`).
mark = sa.Table(
    "mark",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("whom", sa.String(64), nullable=False),  # what all marks of one person have in common
)
