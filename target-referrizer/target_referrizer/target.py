"""The Singer face: settings, messages, end of input, exit codes. No HTTP, no SQL.

What only a run needs is loaded by the run: `--help` and `--about` do not wait for it.
"""

from __future__ import annotations

import os
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import click
from singer_sdk import Target
from singer_sdk.exceptions import RecordsWithoutSchemaException
from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.helpers.capabilities import PluginCapabilities

from target_referrizer import about as telling
from target_referrizer.command import with_manual
from target_referrizer.errors import SettingsError, TargetError, exit_code
from target_referrizer.failing import run_cli
from target_referrizer.properties import PROPERTIES
from target_referrizer.reader import LineReader, named
from target_referrizer.spelling import hint
from target_referrizer.stopping import Stop, asked_to_leave, leave
from target_referrizer.typed import as_typed

if TYPE_CHECKING:
    from types import FrameType
    from typing import IO

    from singer_sdk.helpers.capabilities import CapabilitiesEnum
    from singer_sdk.sinks import Sink

    from target_referrizer.run import Run


#: When a row was deleted, as taps of change logs say.
DELETED = "_sdc_deleted_at"


class RecordBeforeSchemaError(TargetError, RecordsWithoutSchemaException):
    """A record of a stream whose SCHEMA has not come; one of the SDK's errors too, for who catches those."""


class TargetReferrizer(Target):
    """Loads contacts and check-ins into Referrizer and keeps each contact in its last-visit group."""

    name = "target-referrizer"
    config_jsonschema: ClassVar[dict[str, Any]] = PROPERTIES.to_dict()
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]
    message_reader_class = LineReader

    def __init__(self, **kwargs: Any) -> None:
        self._stop = Stop()
        self._records = 0
        self._versioned: set[str] = set()
        self._deleting: set[str] = set()
        super().__init__(**kwargs)
        self._stop.heed(self.logger.warning, self.logger.critical)
        self.max_parallelism = 1

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Add the settings of stream maps and flattening, and none that would have no effect here."""
        super(Target, cls).append_builtin_config(config_jsonschema)

    @classmethod
    def cb_config(cls, ctx: Any, param: Any, value: Any) -> Any:
        """Read configuration files; one that cannot be read is a wrong setting."""
        try:
            return super().cb_config(ctx, param, value)
        except OSError as error:
            why = error.strerror or "no such file"
            raise SettingsError("RFZ-101", f"--config cannot be read ({why})") from None
        except (TypeError, ValueError):
            raise SettingsError("RFZ-101", "--config holds no JSON object") from None

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check all settings; every wrong one gets its own line."""
        from target_referrizer.settings import checked  # noqa: PLC0415

        self.append_builtin_config(self.config_jsonschema)
        try:
            checked(self.config, self.config_jsonschema)
        except SettingsError as error:
            if raise_errors:
                raise
            return str(error).splitlines()
        return []

    @classproperty
    def _env_var_config(cls) -> dict[str, Any]:  # noqa: N805 - a class property has no self
        """Settings from `TARGET_REFERRIZER_*`; one that cannot be read is named."""
        from target_referrizer.variables import from_environment  # noqa: PLC0415

        cls.append_builtin_config(cls.config_jsonschema)
        return from_environment(cls.config_jsonschema)

    def setup_mapper(self) -> None:
        """Make the mapper of stream maps, one that tells mistakes in our words."""
        from target_referrizer.mapping import Mapper  # noqa: PLC0415

        self._mapper = self._map = Mapper(
            self.config, self.logger, line_no=lambda: getattr(self.message_reader, "line_no", 0)
        )

    # --- the run

    @cached_property
    def run(self) -> Run:
        """This process's run; opening it takes the source's place in the ledger."""
        from target_referrizer.outside import real_outside  # noqa: PLC0415
        from target_referrizer.run import Run  # noqa: PLC0415
        from target_referrizer.settings import Settings  # noqa: PLC0415

        return Run(Settings.parse(self.config), real_outside(self._stop))

    def take(self, file_input: IO[str] | None = None) -> None:
        """Take all of the input; whatever ends it early ends the run."""
        run = self.run
        run.progress.at("staging")
        try:
            self.listen(file_input)
        except BaseException as ended:
            if run.is_over:
                raise
            left = asked_to_leave()  # what breaks on the way out of a stop is no failure of its own
            ending = left.while_at(run.progress.reached) if left else ended
            run.abort(exit_code(ending))
            raise ending from None

    def get_sink_class(self, stream_name: str) -> type[Sink]:
        """The sink of a stream of the contract."""
        from target_referrizer.sinks import SINKS, PassedOverSink  # noqa: PLC0415

        if self._map.leaves_out(stream_name):
            return PassedOverSink
        if stream_name not in SINKS:
            near = hint(stream_name, SINKS) or self._map.near(stream_name)
            raise TargetError("RFZ-201", f"the input holds an unknown stream{named(stream_name)}{near}")
        return SINKS[stream_name]

    def _process_batch_message(self, message_dict: dict[str, Any]) -> None:
        """Refuse files: the contract is about records."""
        raise TargetError("RFZ-215", f"the stream{named(message_dict.get('stream'))} comes as BATCH")

    def _process_activate_version_message(self, message_dict: dict[str, Any]) -> None:
        """Pass over versions, and say once what that means: who is missing from a table is not deleted."""
        stream = named(message_dict.get("stream"))
        if stream not in self._versioned:
            self._versioned.add(stream)
            self.logger.info(
                "the stream%s comes as whole tables (ACTIVATE_VERSION); deletes are not carried over: who is "
                "missing from one stays in Referrizer. `is_forgotten` or `%sforget` takes a person out",
                stream, as_typed(os.environ).start,
            )  # fmt: skip

    def _process_schema_message(self, message_dict: dict[str, Any]) -> None:
        """Stage what came under a stream's former SCHEMA before what comes now: the later line is newer."""
        from target_referrizer.sinks import ContractSink  # noqa: PLC0415

        super()._process_schema_message(message_dict)
        self._drain_all(self._sinks_to_clear, 1)
        for sink in self._sinks_to_clear:
            sink.clean_up()
        self._sinks_to_clear.clear()
        for sink in self._sinks_active.values():
            if isinstance(sink, ContractSink):
                sink.check_key()

    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        """Say in our words what the SDK says about a record without a schema."""
        _leave_if_asked()
        self._records += 1
        if self._records % 100 == 0:
            self.run.progress.at("staging", self._records)
        if message_dict.get("record", {}).get(DELETED) is not None:
            self._note_deleted(message_dict.get("stream", ""))
        try:
            super()._process_record_message(message_dict)
        except RecordsWithoutSchemaException:
            raise RecordBeforeSchemaError(
                "RFZ-202", f"a record of stream{named(message_dict['stream'])} comes before its SCHEMA"
            ) from None

    def _note_deleted(self, stream: str) -> None:
        """Say once that a row that is marked as deleted does what any row does, unless a map says else."""
        if stream not in self._deleting and not self._map.minds(stream, DELETED):
            self.logger.info(
                "the stream%s marks rows as deleted (%s); they are taken as all others are, deletes are not "
                "carried over. A map can leave them out or set `is_forgotten`, see the target's README",
                named(stream), DELETED,
            )  # fmt: skip
        self._deleting.add(stream)

    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        """Notice a state that is newer than the one which the tap began with."""
        before = self._latest_state
        super()._process_state_message(message_dict)
        self.run.has_newer_state |= bool(before) and progress_of(self._latest_state) != progress_of(before)

    def _handle_max_record_age(self) -> None:
        """Never drain by age: nothing is delivered, and no state leaves, before the end of the input."""

    def process_endofpipe(self) -> None:
        """Stage what is left, then reconcile and deliver; state leaves only here."""
        for idle in self._map.idle():
            self.logger.warning("%s", idle)
        self._drain_all(self._sinks_active.values(), 1)
        for sink in self._sinks_active.values():
            sink.clean_up()
        _leave_if_asked()
        code = self.run.finish(self._leave_state)
        if code:
            sys.exit(code)

    def _leave_state(self) -> None:
        try:
            if self._latest_state:
                self._write_state_message(self._latest_state)
        except OSError:  # else Python would try once more at its end, and complain after our last line
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """While delivering, finish what is in flight; before, and at a second Ctrl-C, stop at once.

        No state leaves either way.
        """
        del frame
        if "run" not in self.__dict__ or not self.run.is_delivering:
            leave(signum)
        self._stop.ask(signum)

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """The SDK's command, with a manual."""
        return with_manual(super().get_singer_command())

    @classmethod
    def print_about(cls, output_format: str | None = None) -> None:
        """Print every setting with its form, default and meaning."""
        click.echo(telling.text_of(cls._get_about_info(), output_format))

    @classmethod
    def invoke(  # type: ignore[override]
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: Any = None,
        file_input: IO[str] | None = None,
    ) -> None:
        """Run the target once, as the command line asks."""
        if about:
            super(Target, cls).invoke(about=about, about_format=about_format)
            return
        target = cls(
            config=config.config if config else None, parse_env_config=config.parse_env if config else False
        )
        target.take(file_input)


def progress_of(state: Any) -> Any:
    """How far a state says that its streams are; those that were only begun are left out.

    The SDK notes a stream, and its partition's context, before a tap has read anything of it.
    """
    if isinstance(state, dict):
        kept = {key: progress_of(value) for key, value in state.items() if key != "context"}
        return {key: value for key, value in kept.items() if value not in ({}, [], None)}
    if isinstance(state, list):
        return [value for value in map(progress_of, state) if value not in ({}, [], None)]
    return state


def _leave_if_asked() -> None:
    """Leave where the exit itself was swallowed, as Python's finalisers do."""
    if left := asked_to_leave():
        raise left


def main() -> NoReturn:
    """The command `target-referrizer`."""
    run_cli(TargetReferrizer.cli, "target-referrizer")
