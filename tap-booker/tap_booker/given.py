"""The settings as they were given, and everything that is wrong with them; for `booker-connect`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.plugin_base import JSONSchemaValidator

from tap_booker import files, settings, validation
from tap_booker.tap import TapBooker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_booker.errors import BookerError

REQUIRED = {"location_ids": [1], "subscription_key": "-", "client_id": "-", "client_secret": "-"}
"""Stand in for the settings that must be given, where another one is judged by itself."""


def settings_given(paths: tuple[str, ...]) -> dict[str, Any]:
    """The settings as the tap reads them, tidy and not judged; without files, the environment.

    Raises:
        BookerError: A file or a variable cannot be read.
    """
    given = files.settings_of(paths or ("ENV",))
    from_environment = TapBooker._env_var_config if given.parse_env else {}  # noqa: SLF001  as the SDK
    return validation.tidy({**given.config, **from_environment})


def with_defaults(config: Mapping[str, Any]) -> dict[str, Any]:
    """Settings, and what stands in for those that are not given."""
    whole = {**REQUIRED, **config}
    JSONSchemaValidator(settings.SCHEMA).validate(whole)
    return whole


def problems_of(config: Mapping[str, Any]) -> list[BookerError]:
    """Everything that is wrong with settings: what the schema sees, and of the rest what it cannot."""
    formed = {name: value for name, value in config.items() if not _malformed({**REQUIRED, name: value})}
    whole = {**REQUIRED, **formed}
    JSONSchemaValidator(settings.SCHEMA).validate(whole)  # fills the defaults in
    return _malformed(config) + list(validation.value_problems(whole, TapBooker.clock()))


def _malformed(config: Mapping[str, Any]) -> list[BookerError]:
    """What the schema sees; it fills in defaults as it looks, so it gets a copy."""
    return validation.form_problems(dict(config), settings.SCHEMA)
