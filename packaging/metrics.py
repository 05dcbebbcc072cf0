"""Reads metrics with Prometheus's own parser, and says what is wrong with them."""

import sys

from prometheus_client.parser import text_string_to_metric_families

families = list(text_string_to_metric_families(sys.stdin.read()))
names = {family.name for family in families}
for family in families:
    assert family.type in ("counter", "gauge"), f"{family.name} is of type {family.type}"
    assert family.documentation, f"{family.name} has no HELP"
    for sample in family.samples:
        assert sample.value >= 0, sample
        # Names that a client can make up are no labels.
        assert set(sample.labels) <= {"route", "method", "status", "why", "version"}, sample
for name in ("modelferry_http_requests", "modelferry_connections_open", "modelferry_index_models", "process_start_time_seconds"):
    assert name in names, f"there is no {name}"
print(f"Prometheus's parser reads {len(families)} metrics.")
