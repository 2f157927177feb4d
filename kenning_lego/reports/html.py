"""A run's record as one HTML page that needs nothing else: no network, no script."""

from __future__ import annotations

import shlex
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import yaml

from kenning_lego.core.errors import MissingDependencyError
from kenning_lego.core.pipeline_records import PipelinesRecord
from kenning_lego.core.records import RunRecord
from kenning_lego.reports.block_table import block_table
from kenning_lego.reports.charts import charts_of
from kenning_lego.reports.classification import classification
from kenning_lego.reports.composition import composition
from kenning_lego.reports.configuration_table import configuration_table
from kenning_lego.reports.environment import board, engine, facts, machine
from kenning_lego.reports.findings import findings_of
from kenning_lego.reports.formatting import count, integer, seconds
from kenning_lego.reports.measurement_table import measurement_table
from kenning_lego.reports.mixing import mixing
from kenning_lego.reports.overview import overview
from kenning_lego.reports.predicted_quality import predicted_quality
from kenning_lego.reports.quality import Quality
from kenning_lego.reports.timings import timings_of

if TYPE_CHECKING:
    from jinja2 import Environment


def render_html(record: RunRecord) -> str:
    """Render a run; the same record always gives the same page.

    Raises:
        MissingDependencyError: jinja2 is not installed.
    """
    findings = findings_of(record, timings_of(record))
    network = record.network
    page = environment_of_templates().get_template("report.html.j2")
    return page.render(
        record=record,
        network=network,
        network_size=f"{count(network.parameters)} parameters, {count(network.flops)} FLOPs",
        samples=", ".join(f"{integer(size)} {part}" for part, size in network.samples.items()),
        created=moment(record.created),
        board=board(record.target.environment),
        engine=engine(record.target.used),
        quality=Quality.of(record),
        overview=overview(findings),
        configurations=configuration_table(findings),
        mixing=mixing(record),
        composition=composition(findings),
        predicted_quality=predicted_quality(record),
        classification=classification(findings),
        blocks=block_table(findings),
        measurements=measurement_table(findings),
        charts=charts_of(findings),
        used=facts(record.target.used),
        target=machine(record.target.environment),
        host=machine(record.host),
        durations=[(name, seconds(value)) for name, value in record.durations_s.items()],
        command=shlex.join(record.command),
        scenario=scenario_text(record),
    )


def environment_of_templates() -> Environment:
    """The templates of all pages.

    Raises:
        MissingDependencyError: jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ModuleNotFoundError as error:
        raise MissingDependencyError("jinja2", "reports", "an HTML report") from error
    return Environment(
        loader=PackageLoader("kenning_lego.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def scenario_text(record: RunRecord | PipelinesRecord) -> str:
    """The scenario as YAML; empty without one."""
    if not record.scenario:
        return ""
    # Through JSON, so that only what the record's file can hold reaches the YAML.
    plain = record.model_dump(mode="json", include={"scenario"})["scenario"]
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, default_flow_style=None)


def moment(created: str) -> str:
    """When a record was made, in UTC; as recorded when it is no date."""
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return created
    if moment.tzinfo is None:
        return f"{moment:%Y-%m-%d %H:%M}"
    return f"{moment.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"
