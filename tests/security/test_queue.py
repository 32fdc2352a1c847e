"""What somebody plants in the queue is never run as a program."""

import os
import pickle
import zlib
from pathlib import Path
from typing import Any

import redis
from rq import Queue
from rq.job import Job
from rq.serializers import DefaultSerializer, JSONSerializer

from runtime.events.jobs import QUEUE
from runtime.worker import EventWorker


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def test_a_pickle_in_the_queue_is_not_opened(redis_url: str, tmp_path: Path) -> None:
    """A worker reads jobs as JSON: the trap shuts for who unpickles, never for it. # S23 (part)"""
    shut = tmp_path / "shut"
    connection: Any = redis.Redis.from_url(redis_url)
    queue = Queue(QUEUE, connection=connection, serializer=JSONSerializer)
    queue.empty()
    planted = queue.enqueue("builtins.print", "x")
    data = zlib.compress(pickle.dumps(("builtins.print", None, (Trap(shut),), {})))
    connection.hset(Job.key_for(planted.id), "data", data)
    worker = EventWorker([queue], connection=connection, serializer=JSONSerializer)
    worker.work(burst=True, logging_level="CRITICAL")
    assert not shut.exists()
    assert queue.count == 0, "it was taken and thrown away"
    DefaultSerializer.loads(zlib.decompress(data))
    assert shut.exists(), "the trap is one"
