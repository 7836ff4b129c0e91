"""The SDK's own metrics about HTTP, for a transport of ours: how long each request took, how many there were.

Their tags hold no address, no id of a person and no token.
"""

from __future__ import annotations

import os
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from singer_sdk import metrics

if TYPE_CHECKING:
    from tap_booker.report import Tally

logger = metrics.get_metrics_logger()


def request_took(seconds: float, url: str, status: int | None, tally: Tally) -> None:
    """Log how long a request took; `status` is None when no answer came."""
    is_good = status is not None and status < HTTPStatus.BAD_REQUEST
    tags = {
        **_tags(tally),
        metrics.Tag.ENDPOINT: _endpoint(url),
        metrics.Tag.HTTP_STATUS_CODE: status,
        metrics.Tag.STATUS: metrics.Status.SUCCEEDED if is_good else metrics.Status.FAILED,
    }
    metrics.log(logger, metrics.Point("timer", metrics.Metric.HTTP_REQUEST_DURATION, seconds, tags))


def requests_made(tally: Tally, endpoint: str) -> None:
    """Log how many requests a stream of a location took."""
    tags = {**_tags(tally), metrics.Tag.ENDPOINT: endpoint}
    metrics.log(logger, metrics.Point("counter", metrics.Metric.HTTP_REQUEST_COUNT, tally.calls, tags))


def _tags(tally: Tally) -> dict[str, Any]:
    tags: dict[str, Any] = {metrics.Tag.STREAM: tally.stream, metrics.Tag.PID: os.getpid()}
    return tags if tally.location is None else {**tags, metrics.Tag.CONTEXT: {"location_id": tally.location}}


def _endpoint(url: str) -> str:
    """Path of Booker's API without ids; an address that a setting gives shows nothing of itself."""
    found = re.search(r"/v\d[\d.]*/.*", urlsplit(url).path)
    return re.sub(r"/\d+(?=/|$)", "/{id}", found[0]) if found else "token"
