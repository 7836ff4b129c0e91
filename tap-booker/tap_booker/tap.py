"""The Singer face of the tap: settings, streams, commands, exit codes."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, ClassVar, NoReturn

import click
from singer_sdk import Tap
from singer_sdk.configuration._dict_config import parse_environment_config
from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities
from singer_sdk.plugin_base import _ConfigInput

from tap_booker import about as telling
from tap_booker import files, settings, validation
from tap_booker.check import check
from tap_booker.command import with_manual
from tap_booker.emitting import LineWriter, buffer_output
from tap_booker.errors import ReaderGoneError, SettingError, SettingsError
from tap_booker.failing import run_command
from tap_booker.gate import sleep_until
from tap_booker.progress import on_stderr
from tap_booker.run import Run
from tap_booker.stopping import STOP, leave_when_asked
from tap_booker.streams import BookerStream, CheckIns, Contacts

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from tap_booker.gate import Sleep


def _utc_now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


class TapBooker(Tap):
    """Contacts and check-ins of Booker by Mindbody, incrementally."""

    name = "tap-booker"
    config_jsonschema: ClassVar[dict[str, Any]] = settings.SCHEMA
    capabilities: ClassVar[list[Any]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    message_writer_class = LineWriter

    clock: ClassVar[Callable[[], datetime]] = staticmethod(_utc_now)
    sleep: ClassVar[Sleep] = staticmethod(sleep_until)
    monotonic: ClassVar[Callable[[], float]] = staticmethod(time.monotonic)

    @cached_property
    def run(self) -> Run:
        """This run; opened when it is first needed."""
        kind = type(self)
        return Run(self.config, kind.clock, kind.sleep, on_stderr(), kind.monotonic)

    def discover_streams(self) -> list[BookerStream]:
        """Both streams; no call is made."""
        return [Contacts(self), CheckIns(self)]

    def read(self) -> int:
        """Read all selected streams and report.

        Returns:
            The exit code.

        Raises:
            FatalError: Nothing in this run could be right.
            ReaderGoneError: Nobody reads the output any more.
        """
        run = self.run
        STOP.is_over, began = False, time.monotonic()
        try:
            self.sync_all()
            sys.stdout.flush()
        except BrokenPipeError:  # click would end the process without a word
            raise ReaderGoneError from None
        finally:
            STOP.is_over, STOP.where = True, run.progress.reached
            run.progress.over()
            run.close()
            report = run.report.taken()
            self.logger.info("summary %s", report.line(self._exit_code(), time.monotonic() - began))
            if sys.stderr is not None:
                sys.stderr.write(report.table() + "\n")
        if run.stopped_by is not None:
            raise run.stopped_by
        for line in run.report.failure_lines():  # last, so that whoever shows the last line shows one of them
            self.logger.critical(line)
        return run.report.exit_code

    def _exit_code(self) -> int:
        """What the reading that ends just now ends with."""
        if STOP.signum:
            return 128 + STOP.signum
        if self.run.stopped_by is not None:
            return self.run.stopped_by.exit_code
        failure = sys.exc_info()[1]
        return self.run.report.exit_code if failure is None else getattr(failure, "exit_code", 1)

    def check(self) -> int:
        """Tell a person whether the settings lead to data.

        Returns:
            The exit code.
        """
        try:
            return check(self.run, click.echo)
        finally:
            self.run.close()

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Tidy and check the settings; every wrong one gets its own line."""
        self.append_builtin_config(self.config_jsonschema)
        self._config = validation.tidy(self._config)
        known = self.config_jsonschema["properties"]
        given = {**validation.left_out(known, self._env_var_prefix), **self._config}
        for surplus in validation.unknown(given, list(known)):
            self.logger.warning(str(surplus))
        problems = validation.form_problems(self._config, self.config_jsonschema)
        if not problems:
            problems = list(validation.value_problems(self._config, type(self).clock()))
        if problems and raise_errors:
            raise SettingsError(problems)
        return [str(problem) for problem in problems]

    @classproperty
    def _env_var_config(cls) -> dict[str, Any]:  # noqa: N805  a class property has no self
        """Settings from `TAP_BOOKER_*`; one that cannot be read is named, one too many is kept.

        The SDK would have a `.env` above its own folder overrule them, so that what Meltano passes on is not
        what is used.
        """
        cls.append_builtin_config(cls.config_jsonschema)
        found: dict[str, Any] = {}
        for name, spec in cls.config_jsonschema["properties"].items():
            try:
                one = {"properties": {name: spec}}
                found |= parse_environment_config(one, cls._env_var_prefix, dotenv_path=os.devnull)
            except ValueError:
                variable = f"{cls._env_var_prefix}{name.upper()}"
                text = f"The environment variable {variable} cannot be read (lists look like [3749, 3750])."
                raise SettingsError([SettingError(text)]) from None
        return validation.surplus_variables(cls.config_jsonschema["properties"], cls._env_var_prefix) | found

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002  the SDK passes it
        """End at once with 128 + n. No state is written: what was finished has been said already."""
        STOP.ask(signum)

    @classmethod
    def invoke(  # type: ignore[override]
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: _ConfigInput | None = None,
        state: IO[str] | None = None,
        catalog: IO[str] | None = None,
    ) -> None:
        """Run the tap from the command line.

        Args:
            about: Print what the tap is and which settings it has, and no more.
            about_format: Form of that.
            config: Settings.
            state: State of an earlier run.
            catalog: Which streams and fields are selected.
        """
        if about:
            cls.print_about(about_format)
            sys.exit(0)
        config = config or _ConfigInput()
        tap = cls(
            config=config.config,
            state=files.state_of(state),
            catalog=files.catalog_of(catalog),
            parse_env_config=config.parse_env,
        )
        sys.exit(tap.read())

    @classmethod
    def cb_config(
        cls,
        ctx: click.Context,  # noqa: ARG003  click passes it
        param: click.Option,  # noqa: ARG003  click passes it
        value: tuple[str, ...],
    ) -> _ConfigInput:
        """Read `--config`."""
        return files.settings_of(value)

    @classmethod
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Do what `--test` asks for."""
        if value == "disabled":
            return
        config: _ConfigInput = ctx.params.get("config", _ConfigInput())
        tap = cls(config=config.config, parse_env_config=config.parse_env)
        if value == "schema":
            tap.write_schemas()
        elif value in {"all", "connection"}:
            ctx.exit(tap.check())
        else:
            raise click.BadParameter("give connection or schema", ctx, param)
        ctx.exit()

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """The SDK's command, with a manual."""
        return with_manual(super().get_singer_command())

    @classmethod
    def print_about(cls, output_format: str | None = None) -> None:
        """Print every setting with its form, default and meaning."""
        click.echo(telling.text_of(cls._get_about_info(), output_format))


def main() -> NoReturn:
    """The `tap-booker` command."""
    leave_when_asked()
    buffer_output()
    run_command(TapBooker.cli)
