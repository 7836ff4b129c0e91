"""The SDK's metrics come out in the SDK's own form, also those of our own transport, and name nobody."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"structured": {"()": "singer_sdk.logging.StructuredFormatter"}},
    "handlers": {
        "file": {"class": "logging.FileHandler", "filename": "metrics.jsonl", "formatter": "structured"}
    },
    "loggers": {"singer_sdk.metrics": {"level": "INFO", "handlers": ["file"], "propagate": False}},
}


def test_metrics_go_where_the_sdks_own_log_settings_send_them(
    fake: Any, customer: Any, answer: Any, tmp_path: Path, environment: dict[str, str]
) -> None:
    fake.customers = [customer(n, FirstName="Rosalind") for n in range(1, 8)]
    fake.queue["customers"] = [answer(b"", 503, {"Retry-After": "0"})]
    (tmp_path / "log.yml").write_text(yaml.safe_dump(LOGGING))
    (tmp_path / "config.json").write_text(json.dumps(fake.settings()))
    ended = subprocess.run(
        [sys.executable, "-c", "from tap_booker.start import main; main()", "--config", "config.json"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
        env={**environment, "SINGER_SDK_LOG_CONFIG": "log.yml"},
    )  # fmt: skip
    text = (tmp_path / "metrics.jsonl").read_text()
    points = [json.loads(line)["metric_info"] for line in text.splitlines()]
    requests = [one for one in points if one["metric"] == "http_request_duration"]
    of_contacts = [one["tags"] for one in requests if one["tags"]["stream"] == "contacts"]
    assert {one["metric"] for one in points} == {
        "record_count", "sync_duration", "http_request_duration", "http_request_count",
    }  # fmt: skip
    assert [one["http_status_code"] for one in of_contacts] == [503, 200, 200, 200, 200]
    assert [one["status"] for one in of_contacts] == ["failed"] + 4 * ["succeeded"]
    assert {one["tags"]["endpoint"] for one in requests} == {
        "/v5/auth/connect/token", "/v4.1/merchant/location/{id}",
        "/v4.1/merchant/customers", "/v4.1/merchant/appointments",
    }  # fmt: skip
    counted = {one["tags"]["stream"]: one["value"] for one in points if one["metric"] == "http_request_count"}
    assert counted["contacts"] == 5
    assert all(one["value"] >= 0 for one in requests)
    assert "METRIC" not in ended.stderr
    for secret in ("Rosalind", "hush", fake.url):
        assert secret not in text


def test_metrics_stand_in_the_log_unless_somebody_asks_for_less(
    fake: Any, customer: Any, tmp_path: Path, environment: dict[str, str]
) -> None:
    fake.customers = [customer(1)]
    (tmp_path / "config.json").write_text(json.dumps(fake.settings()))
    command = [sys.executable, "-c", "from tap_booker.start import main; main()", "--config", "config.json"]
    said = {}
    for level in ("INFO", "WARNING"):
        env = {**environment, "TAP_BOOKER_LOGLEVEL": level}
        said[level] = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=True, env=env
        ).stderr
    assert said["INFO"].count('"metric":"http_request_duration"') > 4
    assert "METRIC" not in said["WARNING"]
