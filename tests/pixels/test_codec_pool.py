"""The pool of codec children: what one request does to its child reaches no other request."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, wait

import imagecodecs
import numpy as np
import psutil
import pytest
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLSLossless

from filmless.pixels.codec_pool import BEFORE_PATIENT, CodecPool, Limits
from filmless.pixels.errors import CannotRender, Reason
from filmless.pixels.request import Buffer, Request, picture_request
from filmless.pixels.view import AS_IS
from objects import ct_image
from pixels.asking import located_image, small, whole_image

PATIENCE = 60  # seconds: a loaded machine starts a child slowly


def good() -> Request:
    return picture_request(located_image(ct_image()), small())


@pytest.fixture
def pool() -> Iterator[CodecPool]:
    pool = CodecPool(1)
    yield pool
    pool.close()


def reason_of(pool: CodecPool, request: Request) -> Reason:
    with pytest.raises(CannotRender) as failure:
        pool.submit(request).result(PATIENCE)
    return failure.value.reason


def test_a_thumbnail_is_a_jpeg_in_the_size_asked_for(pool: CodecPool) -> None:
    jpeg = pool.submit(good()).result(PATIENCE)
    picture = Image.open(io.BytesIO(jpeg))
    assert (picture.format, picture.size) == ("JPEG", (128, 128))


def test_no_child_is_started_before_the_first_request(pool: CodecPool) -> None:
    assert pool.children() == []


def test_a_pool_that_is_warm_still_has_no_child_and_its_first_picture_is_right(pool: CodecPool) -> None:
    pool.warm()
    assert pool.children() == []
    assert Image.open(io.BytesIO(pool.submit(good()).result(PATIENCE))).size == (128, 128)


def test_children_that_are_used_at_once_are_forked_from_one_process() -> None:
    pool = CodecPool(2)
    try:
        pool.submit(good()).result(PATIENCE)
        (first,) = pool.children()
        os.kill(first, signal.SIGSTOP)
        futures = [pool.submit(good()) for _ in range(2)]
        wait(futures, PATIENCE, FIRST_COMPLETED)
        os.kill(first, signal.SIGCONT)
        assert all(future.result(PATIENCE) for future in futures)
        assert len({psutil.Process(child).ppid() for child in pool.children()}) == 1
    finally:
        pool.close()


@pytest.mark.skipif(sys.platform != "linux", reason="the parent's death is signalled by Linux alone")
def test_the_process_that_children_are_forked_from_is_replaced_when_it_dies(pool: CodecPool) -> None:
    pool.submit(good()).result(PATIENCE)
    (child,) = pool.children()
    nursery = psutil.Process(child).parent()
    assert nursery is not None
    nursery.kill()
    for _ in range(2):  # the first may still meet the child, whose death is on its way
        with contextlib.suppress(CannotRender):
            pool.submit(good()).result(PATIENCE)
    assert pool.submit(good()).result(PATIENCE)
    assert pool.children() != [child]


def test_a_failure_of_the_object_costs_its_own_request_and_not_the_child(pool: CodecPool) -> None:
    pool.submit(good()).result(PATIENCE)
    before = pool.children()
    assert reason_of(pool, picture_request(whole_image(ct_image(Rows=9000)), AS_IS)) is Reason.DAMAGED
    assert pool.submit(good()).result(PATIENCE)
    assert pool.children() == before


def test_a_child_that_dies_costs_the_request_that_it_had(pool: CodecPool) -> None:
    pool.submit(good()).result(PATIENCE)
    (child,) = pool.children()
    os.kill(child, signal.SIGSTOP)
    future = pool.submit(good())
    os.kill(child, signal.SIGKILL)
    with pytest.raises(CannotRender) as failure:
        future.result(PATIENCE)
    assert failure.value.reason is Reason.CRASHED
    assert pool.submit(good()).result(PATIENCE)
    assert pool.children() != [child]


def test_a_child_that_takes_too_long_is_killed_and_replaced() -> None:
    pool = CodecPool(1, Limits(seconds=4))
    try:
        pool.submit(good()).result(PATIENCE)
        (child,) = pool.children()
        os.kill(child, signal.SIGSTOP)
        assert reason_of(pool, good()) is Reason.TIME
        assert not psutil.pid_exists(child)
        assert pool.submit(good()).result(PATIENCE)
    finally:
        pool.close()


def test_a_decoder_that_asks_for_too_much_memory_is_refused_it() -> None:
    pool = CodecPool(1, Limits(memory=240 << 20))
    try:
        blank = imagecodecs.jpegls_encode(np.zeros((12000, 12000), np.uint8))  # a few hundred bytes
        bomb = ct_image(Rows=12000, Columns=12000, PixelData=encapsulate([blank]), BitsAllocated=8)
        request = picture_request(whole_image(bomb, JPEGLSLossless), AS_IS)
        assert reason_of(pool, request) is Reason.MEMORY
        assert pool.submit(good()).result(PATIENCE)
    finally:
        pool.close()


def test_what_reading_the_object_raises_goes_to_who_asked(pool: CodecPool) -> None:
    def vanished() -> list[Buffer]:
        raise FileNotFoundError("pack")

    with pytest.raises(FileNotFoundError):
        pool.submit(vanished).result(PATIENCE)
    assert pool.submit(good()).result(PATIENCE)


def test_more_requests_than_the_queue_holds_are_refused_at_once() -> None:
    pool = CodecPool(1, Limits(waiting=0))
    assert reason_of(pool, good()) is Reason.BUSY
    pool.close()


def test_closing_fails_what_waits_and_leaves_no_child() -> None:
    pool = CodecPool(1)
    pool.submit(good()).result(PATIENCE)
    (child,) = pool.children()
    os.kill(child, signal.SIGSTOP)
    futures = [pool.submit(good()) for _ in range(3)]
    pool.close()
    assert all(isinstance(future.exception(PATIENCE), CannotRender) for future in futures)
    assert not psutil.pid_exists(child)
    assert reason_of(pool, good()) is Reason.BUSY


def test_a_child_that_nobody_needs_ends() -> None:
    pool = CodecPool(1, Limits(idle_seconds=0.1))
    try:
        pool.submit(good()).result(PATIENCE)
        for child in pool.children():
            psutil.Process(child).wait(PATIENCE)
        assert pool.submit(good()).result(PATIENCE)
    finally:
        pool.close()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_child_inherits_neither_sockets_nor_secrets(pool: CodecPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILMLESS_DATABASE_URL", "postgresql://secret")
    pool.submit(good()).result(PATIENCE)
    child = psutil.Process(pool.children()[0])
    assert child.net_connections() == []
    assert child.num_fds() == 4
    assert "FILMLESS_DATABASE_URL" not in child.environ()


def test_the_process_that_asks_imports_no_pixel_library() -> None:
    lines = (
        "import sys, filmless.pixels.codec_pool, filmless.pixels.request",
        "print([name for name in ('numpy', 'pydicom', 'imagecodecs', 'PIL') if name in sys.modules])",
    )
    asked = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    assert asked.stdout.strip() == "[]"


@pytest.mark.skipif(sys.platform != "linux", reason="the parent's death is signalled by Linux alone")
def test_children_end_with_the_process_that_asked() -> None:
    lines = (
        "import os, signal",
        "from filmless.pixels.codec_pool import CodecPool",
        "from filmless.pixels.request import StoredImage, picture_request",
        "from filmless.pixels.view import AS_IS",
        "good = picture_request(StoredImage(lambda start, stop: b'', 0, 0, '1.2.3', '1.2.3', None, None), AS_IS)",
        "pool = CodecPool(1)",
        "pool.submit(good).result(60)",
        "os.kill(pool.children()[0], signal.SIGSTOP)",  # it cannot see its pipe close
        "print(pool.children()[0], flush=True)",
        "os.kill(os.getpid(), signal.SIGKILL)",
    )
    asked = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False)
    child = int(asked.stdout)
    try:
        psutil.Process(child).wait(PATIENCE)
    except psutil.NoSuchProcess:
        pass
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


def test_who_waits_for_a_single_picture_goes_before_what_can_wait_but_not_for_ever(pool: CodecPool) -> None:
    first, begun, order = threading.Event(), threading.Event(), []

    def named(name: str) -> Request:
        def message() -> Iterable[Buffer]:
            order.append(name)
            begun.set()
            first.wait(PATIENCE)
            return good()()

        return message

    made = [pool.submit(named("first"))]
    begun.wait(PATIENCE)
    made += [pool.submit(named(f"patient {count}"), patient=True) for count in range(2)]
    made += [pool.submit(named(f"single {count}")) for count in range(BEFORE_PATIENT + 1)]
    first.set()
    wait(made, PATIENCE)
    singles = [f"single {count}" for count in range(BEFORE_PATIENT + 1)]
    assert order == ["first", *singles[:-1], "patient 0", singles[-1], "patient 1"]
