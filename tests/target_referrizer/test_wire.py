"""Whatever the wire does, a call has one definite outcome; proven on raw sockets."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.target_referrizer.raw_vendor import (
    ANSWERED,
    CUT,
    EVERY,
    HANG,
    POSTS,
    TOKEN,
    UPDATES,
    Answer,
    Lab,
    check_in,
    close_after,
    create,
    cut_body,
    drip,
    put,
    read,
    refusal,
    reply,
)

from target_referrizer import wire
from target_referrizer.errors import Unavailable
from target_referrizer.pacing import Pacer
from target_referrizer.referrizer import Referrizer, Refused, Unknown


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab() as made:
        yield made


# Tries that did not count


@EVERY
@pytest.mark.parametrize("status", [408, 425, 429, 503])
def test_what_the_vendor_did_not_act_on_is_sent_again(lab: Lab, call: Any, status: int) -> None:
    salon = lab.vendor(reply(status), reply(status), ANSWERED)
    client = lab.client(salon)
    call(client)
    assert len({str((seen.method, seen.path, seen.body)) for seen in salon.seen}) == 1
    assert lab.clock.waits == [1, 2]
    assert client.calls["retries"] == 2


@EVERY
def test_a_pause_that_the_vendor_asks_for_is_kept(lab: Lab, call: Any) -> None:
    call(lab.client(lab.vendor(reply(429, None, {"Retry-After": "20"}), ANSWERED)))
    assert lab.clock.waits == [20]


def test_a_pause_until_a_date_is_kept(lab: Lab) -> None:
    dates = {"Date": "Mon, 02 Mar 2026 15:00:00 GMT", "Retry-After": "Mon, 02 Mar 2026 15:00:40 GMT"}
    read(lab.client(lab.vendor(reply(503, None, dates), ANSWERED)))
    assert lab.clock.waits == [40]


@pytest.mark.parametrize("asked", [{"Retry-After": "1"}, {}])
def test_a_429_slows_all_workers_at_once(lab: Lab, asked: dict[str, str]) -> None:
    """Real workers, and a real second, of the pause that is asked for or of the first backing off."""
    workers, refused = 8, 24
    arrivals: list[float] = []

    def script() -> Iterator[bytes]:
        while True:
            arrivals.append(time.monotonic())
            yield reply(429, None, asked) if len(arrivals) == refused else ANSWERED

    salon = lab.vendor()
    salon.script = script()
    with (
        Referrizer(
            salon.url, TOKEN, pacer=Pacer(0), timeout=20, patience_seconds=60, rng=lambda: 1.0
        ) as client,
        ThreadPoolExecutor(workers) as pool,
    ):
        list(pool.map(lambda _: read(client), range(80)))
    assert len(arrivals) == 80 + 1
    at = arrivals[refused - 1]
    under_way = [one for one in arrivals[refused:] if one < at + 0.99]
    # Each worker may have one call under way, and on a busy machine begin another before anybody has read the
    # refusal; workers that do not heed it send all that is left.
    assert len(under_way) <= 2 * workers


def test_a_pause_of_nothing_still_backs_off(lab: Lab) -> None:
    read(lab.client(lab.vendor(*[reply(429, None, {"Retry-After": "0"})] * 3, ANSWERED)))
    assert lab.clock.waits == [1, 2, 4]


@EVERY
def test_a_pause_beyond_the_patience_ends_the_run_at_once(lab: Lab, call: Any) -> None:
    with pytest.raises(Unavailable, match="RFZ-602 Referrizer asked for a pause of 3600 s"):
        call(lab.client(lab.vendor(reply(429, None, {"Retry-After": "3600"}))))
    assert lab.clock.passed == 0


def test_a_pause_is_measured_by_what_is_left_of_the_patience(lab: Lab) -> None:
    with pytest.raises(Unavailable, match="RFZ-602"):
        read(
            lab.client(
                lab.vendor(reply(429, None, {"Retry-After": "40"}), reply(429, None, {"Retry-After": "40"}))
            )
        )
    assert lab.clock.passed == 40


@EVERY
def test_an_outage_ends_the_run_when_patience_does(lab: Lab, call: Any) -> None:
    with pytest.raises(
        Unavailable, match="RFZ-601 nothing succeeded for 60 s; the last try ended in HTTP 503"
    ):
        call(lab.client(lab.vendor(*[reply(503)] * 50)))
    assert lab.clock.passed == pytest.approx(60)


def test_an_idle_hour_is_no_outage(lab: Lab) -> None:
    client = lab.client(lab.vendor(ANSWERED, reply(503), ANSWERED))
    read(client)
    lab.clock.now += 3600
    assert read(client) == {"id": "c1"}


@EVERY
def test_a_connection_that_never_came_about_is_tried_again(lab: Lab, call: Any) -> None:
    salon = lab.vendor(ANSWERED, listen=False)
    lab.clock.on_wait = lambda: salon.open() if len(lab.clock.waits) == 2 else None
    call(lab.client(salon))
    assert len(salon.seen) == 1


@EVERY
def test_a_vendor_that_cannot_be_reached_leaves_nothing_unknown(lab: Lab, call: Any) -> None:
    with pytest.raises(Unavailable, match=r"RFZ-601 .*the last try ended in no connection"):
        call(lab.client(lab.vendor(listen=False)))


def test_a_proxy_that_cannot_be_reached_leaves_nothing_unknown(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", lab.vendor(listen=False).url.removesuffix("/v1"))
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    salon = lab.vendor(ANSWERED)
    with pytest.raises(Unavailable, match="RFZ-601"):
        check_in(lab.client(salon))
    assert salon.seen == []


def test_a_proxy_that_refuses_the_tunnel_leaves_nothing_unknown(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = lab.vendor(*[reply(403)] * 50)
    monkeypatch.setenv("https_proxy", proxy.url.removesuffix("/v1"))
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(Unavailable, match="RFZ-601"):
        check_in(lab.client(proxy, api_url="https://referrizer.invalid/v1"))
    assert {seen.method for seen in proxy.seen} == {"CONNECT"}


def test_a_read_goes_on_failing_until_patience_ends_when_nobody_else_succeeds(lab: Lab) -> None:
    with pytest.raises(Unavailable, match="RFZ-601"):
        read(lab.client(lab.vendor(*[reply(500)] * 50)))
    assert lab.clock.passed == pytest.approx(60)


DOUBTFUL = pytest.mark.parametrize(
    "answer",
    [CUT, HANG, reply(500), reply(502), reply(504), b"HTTP/1.1 20"],
    ids=["cut", "hang", "500", "502", "504", "cut-in-status"],
)


@POSTS
@DOUBTFUL
def test_a_post_that_may_have_arrived_is_never_sent_again(lab: Lab, call: Any, answer: Answer) -> None:
    salon = lab.vendor(close_after(answer), ANSWERED)
    with pytest.raises(Unknown):
        call(lab.client(salon, timeout=0.2))
    assert len(salon.seen) == 1


@UPDATES
@DOUBTFUL
def test_an_update_that_may_have_arrived_is_sent_again(lab: Lab, call: Any, answer: Answer) -> None:
    salon = lab.vendor(close_after(answer), ANSWERED)
    call(lab.client(salon, timeout=0.2))
    assert len(salon.seen) == 2


@UPDATES
def test_an_update_without_any_answer_ends_as_unknown(lab: Lab, call: Any) -> None:
    salon = lab.vendor(*[CUT] * 9)
    with pytest.raises(Unknown, match="a broken connection"):
        call(lab.client(salon))
    assert len(salon.seen) == 3


def test_an_update_that_may_have_arrived_stays_unknown_when_patience_ends(lab: Lab) -> None:
    with pytest.raises(Unknown):
        put(lab.client(lab.vendor(CUT, *[reply(503)] * 50)))
    with pytest.raises(Unknown):
        put(lab.client(lab.vendor(CUT, reply(503, None, {"Retry-After": "3600"}))))


@pytest.mark.parametrize(
    "answer", [CUT, HANG, reply(500), reply(504), reply(200, b"{half"), reply(200), cut_body(200)]
)
def test_a_read_is_repeated_until_it_succeeds(lab: Lab, answer: Answer) -> None:
    assert read(lab.client(lab.vendor(*[answer] * 2, ANSWERED), timeout=0.2)) == {"id": "c1"}


def test_a_list_that_is_no_list_is_asked_for_again(lab: Lab) -> None:
    salon = lab.vendor(reply(200, {"data": []}), reply(200, [{"id": "a"}]), reply(200, []))
    assert list(lab.client(salon).list_contacts()) == [[{"id": "a"}]]


def test_a_refusal_that_breaks_off_is_asked_for_again(lab: Lab) -> None:
    broken = reply(400, {"errorCode": "X"}, {"Content-Length": "900"})
    with pytest.raises(Refused, match="NOT_UNIQUE"):
        create(lab.client(lab.vendor(broken, refusal("NOT_UNIQUE"))))


def test_one_contact_that_cannot_be_read_does_not_stop_the_others(lab: Lab) -> None:
    good, bad = lab.vendor(*[ANSWERED] * 50), lab.vendor(*[reply(500)] * 50)
    client = lab.client(bad)
    other = lab.client(good)
    other._patience = client._patience
    lab.clock.on_wait = lambda: read(other)
    with pytest.raises(Unknown, match="HTTP 500"):
        read(client)
    assert len(bad.seen) == 6


def test_a_list_that_cannot_be_read_is_an_outage(lab: Lab) -> None:
    good = lab.vendor(*[ANSWERED] * 50)
    client, other = lab.client(lab.vendor(*[reply(500)] * 50)), lab.client(good)
    other._patience = client._patience
    lab.clock.on_wait = lambda: read(other)
    with pytest.raises(Unavailable, match="RFZ-601 the list of contacts cannot be read: HTTP 500"):
        list(client.list_contacts())


def test_others_that_answered_before_an_outage_do_not_shorten_it(lab: Lab) -> None:
    """As pages of the list that were under way beside this one."""
    good = lab.vendor(*[ANSWERED] * 3)
    answer = reply(200, [{"id": "a"}], {"X-Total-Count": "1"})
    client, other = lab.client(lab.vendor(*[reply(500)] * 7, answer)), lab.client(good)
    other._patience = client._patience
    waited: list[float] = []

    def wait() -> None:
        waited.append(lab.clock.passed)
        if len(waited) <= 3:
            read(other)

    lab.clock.on_wait = wait
    assert list(client.list_contacts()) == [[{"id": "a"}]]


def test_an_answer_that_begins_in_time_and_does_not_end_is_no_answer(lab: Lab) -> None:
    slow = drip(reply(200, {"id": "c1", "filler": "x" * 999}))
    client = lab.client(lab.vendor(slow, ANSWERED), timeout=0.5)
    began = time.monotonic()
    assert read(client) == {"id": "c1"}
    assert (client.calls["retries"], time.monotonic() - began < 20) == (1, True)


# Answers that are odd


def test_json_that_is_nested_without_end_is_none(lab: Lab) -> None:
    deep = b"[" * 200_000
    assert wire.Answer(200, {}, deep).json() is None
    with pytest.raises(Unknown):
        lab.client(lab.vendor(*[reply(200, deep)] * 99)).get_contact("c1")


@pytest.mark.parametrize("proxy", ["http://[::1", "http://127.0.0.1:port", "socks5://127.0.0.1:1"])
def test_a_broken_proxy_is_no_connection_and_nothing_has_left(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    client = lab.client(lab.vendor(), api_url="http://api.example.com/v1")
    with pytest.raises(Unavailable, match=r"no connection \(`api_url` or a proxy of the environment"):
        create(client)


def test_certificates_that_are_not_there_are_no_connection(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/file.pem")
    client = lab.client(lab.vendor(), api_url="https://127.0.0.1:1/v1")
    with pytest.raises(Unavailable, match="certificates that the environment names cannot be read"):
        read(client)


def test_an_address_that_no_connection_can_be_made_ready_for_is_a_trouble() -> None:
    """It is looked at for proxies before anything is sent."""
    odd = wire.Wire("http://[::1/v1", TOKEN, timeout=1, clock=time.monotonic)
    trouble = odd.exchange("POST", "/contacts", None, {})
    assert isinstance(trouble, wire.Trouble)
    assert (trouble.may_have_acted, "is no address" in trouble.reason) == (False, True)
    odd.close()
