"""Live sessions: frames of a browser's camera in, rows out, over a WebSocket.

A message of the client is the time of a frame in seconds (8 bytes, a little-endian double)
and a picture (JPEG, PNG or WebP). A message of the service is a row, with the keys of the
table, or an object with the key `type`: `ready`, then now and then `state`.
"""

import asyncio
import json
import math
import struct
import time
from contextlib import suppress

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from wildaffect.serving.live_worker import (
    LiveEnd,
    LiveFrame,
    LiveReady,
    LiveSettings,
    LiveState,
    run_live_worker,
)
from wildaffect.serving.process import WorkerProcess
from wildaffect.serving.scheduler import Scheduler
from wildaffect.serving.settings import ServiceSettings
from wildaffect.serving.tasks import WorkerSettings

TRY_LATER, REFUSED, GOING_AWAY, BROKEN = 1013, 1008, 1001, 1011
_FIRST = asyncio.FIRST_COMPLETED
_POLL_S = 0.2
_START_S = 60.0
_END_S = 3.0
_TIME = struct.Struct("<d")


class SessionEnd(Exception):
    """The session ends, with a code and a reason for the client."""

    def __init__(self, code: int, reason: str) -> None:
        self.code, self.reason = code, reason
        super().__init__(reason)


class LivePool:
    """Processes of live sessions; one that ended well serves the next session."""

    def __init__(self, settings: ServiceSettings) -> None:
        worker = WorkerSettings(
            model=settings.model,
            device=settings.device,
            max_memory_mb=settings.max_memory_mb,
        )
        self._settings = LiveSettings(
            worker=worker, max_pixels=settings.live.max_frame_pixels
        )
        self._max = settings.live.max_sessions
        self._idle: list[WorkerProcess] = []
        self.num_active = 0

    async def take(self) -> WorkerProcess:
        """Return a process that is ready.

        Raises:
            SessionEnd: If there are too many sessions, or the model cannot be loaded.
        """
        if self.num_active >= self._max:
            text = f"all {self._max} live sessions are taken; try again later"
            raise SessionEnd(TRY_LATER, text)
        self.num_active += 1
        while self._idle:
            process = self._idle.pop()
            if process.is_alive:
                return process
            process.kill()  # it ended while it was idle
        process = WorkerProcess(run_live_worker, self._settings)
        try:
            await asyncio.to_thread(process.start)
            message = await asyncio.to_thread(process.receive, _START_S)
            _check_ready(message)
        except BaseException:
            self.drop(process)
            raise
        return process

    def drop(self, process: WorkerProcess) -> None:
        """End a process after its session."""
        self.num_active -= 1
        process.kill()

    async def give_back(self, process: WorkerProcess) -> None:
        """End the session of a process, and keep it for the next if it is in order."""
        if await asyncio.to_thread(_finish, process):
            self.num_active -= 1
            self._idle.append(process)
        else:
            self.drop(process)

    def close(self) -> None:
        """End all idle processes."""
        while self._idle:
            self._idle.pop().kill()


def add_live(
    app: FastAPI, pool: LivePool, scheduler: Scheduler, settings: ServiceSettings
) -> None:
    """Add the route of live sessions."""

    @app.websocket("/api/live")
    async def live(socket: WebSocket) -> None:
        """Read the frames of a camera."""
        await socket.accept()
        try:
            process = await pool.take()
        except SessionEnd as refusal:
            await _close(socket, refusal)
            return
        end = await _run(socket, process, scheduler, settings)
        if end.code == BROKEN or scheduler.is_closing:
            pool.drop(process)
        else:
            await pool.give_back(process)
        await _close(socket, end)


async def _run(
    socket: WebSocket,
    process: WorkerProcess,
    scheduler: Scheduler,
    settings: ServiceSettings,
) -> SessionEnd:
    """Pass frames to the process and rows to the client until one of them ends."""
    is_ended = asyncio.Event()
    with suppress(WebSocketDisconnect, RuntimeError):
        await socket.send_text(json.dumps({"type": "ready"}))
    frames = asyncio.create_task(_pass_frames(socket, process, settings))
    rows = asyncio.create_task(_pass_rows(socket, process, is_ended))
    try:
        until_s = time.monotonic() + 60 * settings.live.max_minutes
        while not (frames.done() or rows.done()):
            await asyncio.wait((frames, rows), timeout=_POLL_S, return_when=_FIRST)
            if scheduler.is_closing:
                return SessionEnd(GOING_AWAY, "the service ends")
            if time.monotonic() > until_s:
                return SessionEnd(GOING_AWAY, "the session has reached its longest time")
        return await (rows if rows.done() else frames)
    except WebSocketDisconnect:
        return SessionEnd(GOING_AWAY, "the client has gone")
    finally:
        is_ended.set()
        frames.cancel()
        await asyncio.gather(frames, rows, return_exceptions=True)  # no thread reads on


async def _pass_frames(
    socket: WebSocket, process: WorkerProcess, settings: ServiceSettings
) -> SessionEnd:
    """Pass frames on until one cannot be taken, or none comes."""
    limits = settings.live
    clock = asyncio.get_running_loop().time
    index, last_s, second_s, num_in_second = 0, -math.inf, clock(), 0
    while True:
        try:
            data = await asyncio.wait_for(socket.receive_bytes(), limits.idle_s)
        except TimeoutError:
            return SessionEnd(GOING_AWAY, f"no frame in {limits.idle_s:g} s")
        except KeyError:
            return SessionEnd(REFUSED, "a frame must be a binary message")
        time_s = _TIME.unpack_from(data)[0] if len(data) > _TIME.size else math.nan
        if not last_s < time_s < math.inf:
            text = f"frame {index}: times must be finite and increase"
            return SessionEnd(REFUSED, text)
        if clock() - second_s >= 1.0:
            second_s, num_in_second = clock(), 0
        num_in_second += 1
        if num_in_second > limits.max_frames_per_s:
            text = f"more than {limits.max_frames_per_s:g} frames in a second"
            return SessionEnd(REFUSED, text)
        frame = LiveFrame(index, time_s, data[_TIME.size :])
        await asyncio.to_thread(process.send, frame)
        index, last_s = index + 1, time_s


async def _pass_rows(
    socket: WebSocket, process: WorkerProcess, is_ended: asyncio.Event
) -> SessionEnd:
    """Pass rows on until the analysis or the session ends."""
    while not is_ended.is_set():
        message = await asyncio.to_thread(process.receive, _POLL_S)
        if isinstance(message, str):
            await socket.send_text(message)
        elif isinstance(message, LiveState):
            numbers = {"received": message.num_received, "dropped": message.num_dropped}
            await socket.send_text(json.dumps({"type": "state", **numbers}))
        elif isinstance(message, LiveEnd):
            return SessionEnd(BROKEN, message.error or "the analysis has ended")
        elif process.has_ended:
            return SessionEnd(BROKEN, f"the analysis broke off ({process.ending})")
    return SessionEnd(GOING_AWAY, "the session has ended")


async def _close(socket: WebSocket, end: SessionEnd) -> None:
    with suppress(RuntimeError, WebSocketDisconnect):  # the client has closed it
        await socket.close(end.code, end.reason[:120])


def _check_ready(message: object) -> None:
    if not isinstance(message, LiveReady):
        reason = message.error if isinstance(message, LiveEnd) else None
        raise SessionEnd(BROKEN, reason or "the analysis did not start")


def _finish(process: WorkerProcess) -> bool:
    """End the session of a process; return whether it may serve another."""
    process.send(LiveFrame(0, None))
    while (message := process.receive(_END_S)) is not None:
        if isinstance(message, LiveEnd):
            return message.error is None
    return False
