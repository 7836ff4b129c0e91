"""The list of contacts, page by page: several asked for at once, given in order, no more than there are."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE_SIZE = 100

Page = list[dict[str, Any]]


def list_pages(
    read: Callable[[int], tuple[Page, int]], at_once: int, give_up: Callable[[], None] = lambda: None
) -> Iterator[Page]:
    """All pages, in order.

    The end is a short page with which as many were read as the server says there are (documented), else the
    first empty page. A full page is no end: the total may be the page's own, or stop at some limit. An empty
    page before the total is asked for once more: contacts that the index lacks would be created again. A page
    that came before is also the end, for a server that keeps showing its last page. Pages are asked for ahead
    only as far as the server has said that there are any.

    Args:
        read: Gives the contacts of a page, from 1, and how many the server says there are in all (0: it does
            not say); called by several threads.
        at_once: So many pages are under way at most.
        give_up: Called when the process is to leave, before what is under way is waited for.
    """
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="referrizer")
    try:
        yield from _in_order(read, pool, at_once)
    except (SystemExit, KeyboardInterrupt, GeneratorExit):
        give_up()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _in_order(
    read: Callable[[int], tuple[Page, int]], pool: ThreadPoolExecutor, at_once: int
) -> Iterator[Page]:
    seen: set[int] = set()
    ahead: deque[Future[tuple[Page, int]]] = deque()
    got = asked = total = 0
    for page in range(1, 1_000_000):
        told = -(-total // PAGE_SIZE)
        while asked < max(page, min(told, page + at_once - 1)):
            asked += 1
            ahead.append(pool.submit(read, asked))
        contacts, total = ahead.popleft().result()
        if not contacts and got < total:
            contacts, total = read(page)
        got += len(contacts)
        print_of_page = hash(tuple(contact["id"] for contact in contacts))
        if not contacts or print_of_page in seen:
            return
        seen.add(print_of_page)
        yield contacts
        if got == total and len(contacts) < PAGE_SIZE:
            return
