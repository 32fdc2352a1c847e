# What each rule of rules.yml must find, and beside it what it must leave alone.
# ruleid: no-pickle
import pickle
import os
import random
import ssl
import subprocess

import rq
import sqlalchemy
from jinja2 import Environment
from markupsafe import Markup
from rq.serializers import JSONSerializer


def planted(connection, request: Http, text, queue):
    # ruleid: no-trusted-markup
    Markup(text)
    # ok: no-trusted-markup
    Markup("<b>")
    # ruleid: no-autoescape-off
    Environment(autoescape=False)
    # ok: no-autoescape-off
    Environment(autoescape=True)
    # ruleid: no-values-in-sql
    connection.execute(f"SELECT {text}")
    # ruleid: no-values-in-sql
    sqlalchemy.text("SELECT %s" % text)
    # ok: no-values-in-sql
    connection.execute(sqlalchemy.text("SELECT :text"), {"text": text})
    # ruleid: no-request-in-sql
    sqlalchemy.text(f"SELECT {request.query_params['q']}")
    # ruleid: no-shell
    subprocess.run("ls", shell=True)
    # ruleid: no-shell
    os.system(text)
    # ok: no-shell
    subprocess.run(["ls"])
    # ruleid: no-eval
    eval(text)
    # ruleid: no-eval
    exec(text)
    # ruleid: rq-speaks-json
    rq.Queue("events", connection=connection)
    # ok: rq-speaks-json
    rq.Queue("events", connection=connection, serializer=JSONSerializer)
    # ruleid: no-guessable-secrets
    random.choice(text)
    # ruleid: no-unverified-tls
    queue.get("https://example.test", verify=False)
    # ruleid: no-unverified-tls
    ssl._create_unverified_context()
