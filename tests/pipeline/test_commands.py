"""What a Meltano user types besides `run`, and the plain pipe without Meltano."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from demo.project import CommandFailedError

if TYPE_CHECKING:
    from tests.pipeline.conftest import Pipeline

TAP, TARGET, LEDGER = (
    str(Path(sys.executable).with_name(name))
    for name in ("tap-booker", "target-referrizer", "referrizer-ledger")
)


def configs(pipeline: Pipeline, folder: Path) -> tuple[str, str]:
    """Both plugins' settings as the files that `--config` takes."""
    tap, target = folder / "tap.json", folder / "target.json"
    booker, now = pipeline.box.booker.credentials, pipeline.box.clock.now.isoformat()
    tap.write_text(
        json.dumps(
            {
                "base_url": pipeline.box.booker_url,
                "location_ids": [3749],
                "subscription_key": booker.subscription_key,
                "client_id": booker.client_id,
                "client_secret": booker.client_secret,
                "personal_access_token": booker.personal_access_token,
                "as_of": now,
            }
        )
    )
    target.write_text(
        json.dumps(
            {
                "api_url": pipeline.box.referrizer_url,
                "api_token": pipeline.box.referrizer.token,
                "ledger_url": f"sqlite:///{folder}/pipe.db",
                "as_of": now,
            }
        )
    )
    return str(tap), str(target)


def test_status_and_explain_speak_of_the_last_run(pipeline: Pipeline) -> None:
    pipeline.meltano("run", "sync")
    assert pipeline.meltano("invoke", "target-referrizer:status").strip()
    somebody = next(iter(pipeline.box.referrizer.contacts))
    assert somebody in pipeline.meltano("invoke", "target-referrizer:explain", somebody)


def test_the_manual_of_a_command_is_shown_through_meltano(pipeline: Pipeline) -> None:
    for command in ("tap-booker:connect", "target-referrizer:held"):
        said = pipeline.meltano("invoke", command, "--help")
        assert all(f"{section}:\n" in said for section in ("Options", "Changes", "Exit codes", "Examples"))


def test_the_connection_test_passes(pipeline: Pipeline) -> None:
    pipeline.meltano("--environment", "sandbox", "config", "test", "tap-booker")


def test_both_doctors_find_everything_ready_and_write_nothing(pipeline: Pipeline) -> None:
    for plugin, ready in (("tap-booker", "filter of 3749"), ("target-referrizer", "ledger place")):
        said = pipeline.meltano("invoke", f"{plugin}:doctor")
        assert f"ok    {ready}: " in said
        assert "FAIL" not in said
    assert pipeline.writes() == []


def test_a_refused_token_fails_the_run_with_one_clear_line(pipeline: Pipeline) -> None:
    with pytest.raises(CommandFailedError) as failure:
        pipeline.meltano("run", "sync", TARGET_REFERRIZER_API_TOKEN="not-it")
    assert failure.value.log.count("RFZ-104") == 1
    assert "Traceback" not in failure.value.log


def test_secrets_are_masked_and_the_ledger_is_one_for_each_environment(pipeline: Pipeline) -> None:
    shown = pipeline.meltano("--environment", "production", "config", "print", "tap-booker")
    assert pipeline.box.booker.credentials.client_secret not in shown
    environment = pipeline.settings() | {"MELTANO_ENVIRONMENT": "production"}
    dump = pipeline.meltano("invoke", "--dump=config", "target-referrizer", **environment)
    assert json.loads(dump)["ledger_url"] == pipeline.project.ledger_url


def pipe(*tap: str, target: str, code: int = 0) -> str:
    """Run both without Meltano; gives what the target left on standard output."""
    with subprocess.Popen([TAP, *tap], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as left:
        command = [TARGET, "--config", target]
        right = subprocess.run(command, stdin=left.stdout, capture_output=True, text=True, check=True)
    assert left.returncode == code
    return right.stdout.splitlines()[-1]


def test_the_plain_pipe_delivers(pipeline: Pipeline, tmp_path: Path) -> None:
    tap, target = configs(pipeline, tmp_path)
    state = pipe("--config", tap, target=target)
    assert set(json.loads(state)["bookmarks"]) == {"contacts", "check_ins"}
    assert len(pipeline.box.referrizer.contacts) >= 25


def test_a_monitor_is_not_deceived_by_a_tap_that_cannot_sign_in(pipeline: Pipeline, tmp_path: Path) -> None:
    tap, target = configs(pipeline, tmp_path)
    state, refused = tmp_path / "state.json", tmp_path / "refused.json"
    state.write_text(pipe("--config", tap, target=target))
    refused.write_text('{"personal_access_token": "spent"}')
    again = pipe("--config", tap, "--config", str(refused), "--state", str(state), target=target, code=2)
    assert again == state.read_text()
    command = [LEDGER, "--config", target, "status", "--max-age=1h", "--format=json"]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert "it got nothing to read, see the tap" in found["finding"]
    assert found["last_news_at"] < found["last_done_at"]
