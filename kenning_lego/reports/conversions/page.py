"""A support matrix as one HTML page that needs nothing else."""

from __future__ import annotations

import shlex

from kenning_lego.core.conversion_records import ConversionRecord
from kenning_lego.reports.conversions.matrix import matrix
from kenning_lego.reports.conversions.text import TITLE
from kenning_lego.reports.environment import machine
from kenning_lego.reports.html import environment_of_templates, moment


def render_conversions(record: ConversionRecord) -> str:
    """Render a matrix; the same record always gives the same page.

    Raises:
        MissingDependencyError: jinja2 is not installed.
    """
    page = environment_of_templates().get_template("conversions.html.j2")
    return page.render(
        record=record,
        title=TITLE,
        matrix=matrix(record),
        created=moment(record.created),
        host=machine(record.host),
        command=shlex.join(record.command),
    )
