"""The charts, as Vega-Altair specifications that the page fills with rows.

Every bar chart takes rows of `label`, `value` and `text`; the tooltip shows `label` and `exact`.
"""

from functools import cache
from typing import Any

from tasks.reporting.dashboards.figures import DASHBOARDS

# one hue for compared values, a second one for highlights; colour-blind readers can distinguish
# both, on light and on dark backgrounds
_BLUE, _ORANGE = "#3a86b8", "#d1733b"
_INK = "currentColor"
_ROW = 26  # pixels
_ZERO = "datum.value ? datum.label : '0'"  # shows 0, not 0k


@cache
def specifications() -> dict[str, dict[str, Any]]:
    """Return the Vega specifications by figure id."""
    import vl_convert  # noqa: PLC0415 (85 MB)

    return {
        name: vl_convert.vegalite_to_vega(chart.to_dict(), vl_version="6.1")
        for name, chart in _charts().items()
    }


@cache
def scripts() -> str:
    """Return Vega and vega-embed as one script that needs no network."""
    import vl_convert  # noqa: PLC0415

    return vl_convert.javascript_bundle(vl_version="6.1")  # pyright: ignore[reportCallIssue]


def _charts() -> dict[str, Any]:
    return {
        "months": _month(),
        "average": _bars("R$ per order"),
        "cities": _bars("orders"),
        "delivery": _bars("days to the customer", shaded="late"),
        **{f.id: _bars("R$") for d in DASHBOARDS for f in d.charts if f.bars},
        "everybody": _map(_BLUE),
        "spenders": _map(_ORANGE),
        "segments": _bars("persons"),
        "cohorts": _cohorts(),
        "delay": _delay(),
    }


def _rows() -> Any:  # noqa: ANN401 (altair is imported where it is used)
    import altair as alt  # noqa: PLC0415

    return alt.Chart(alt.NamedData("rows"))


def _styled(chart: Any) -> Any:  # noqa: ANN401
    return (
        chart.configure(background="transparent", font="system-ui, sans-serif")
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=_INK,
            titleColor=_INK,
            tickColor=_INK,
            domainColor=_INK,
            gridColor=_INK,
            gridOpacity=0.12,
            domainOpacity=0.4,
            tickOpacity=0.4,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            titleOpacity=0.75,
        )
    )


def _tooltip() -> list[Any]:
    import altair as alt  # noqa: PLC0415

    return [alt.Tooltip("label:N", title=" "), alt.Tooltip("exact:N", title="  ")]


def _bars(title: str, shaded: str | None = None) -> Any:  # noqa: ANN401
    import altair as alt  # noqa: PLC0415

    color: Any = alt.value(_BLUE)
    if shaded:
        scale = alt.Scale(range=["#9cc6e0", "#1d5a85"])
        color = alt.Color(f"{shaded}:Q", scale=scale, legend=None)
    base = _rows().encode(
        y=alt.Y(
            "label:N",
            # sort by the row's `place`; without it, new rows keep the order of the first rows
            sort=alt.EncodingSortField(field="place", op="min"),
            title=None,
            axis=alt.Axis(domain=False, ticks=False),
        ),
        x=alt.X(
            "value:Q",
            title=title,
            axis=alt.Axis(tickCount=4, format="~s", labelExpr=_ZERO),
            scale=alt.Scale(domainMin=0),
        ),
        opacity=alt.condition("datum.faint", alt.value(0.35), alt.value(1)),
        tooltip=_tooltip(),
    )
    bars = base.mark_bar(cornerRadiusEnd=2).encode(color=color)
    texts = base.mark_text(align="left", dx=4, fontSize=12, color=_INK).encode(text="text:N")
    return _styled(
        alt.layer(bars, texts).properties(width="container", height=alt.Step(_ROW), padding=4)
    )


def _month() -> Any:  # noqa: ANN401
    """Sales of one state; the dashed line is the trend, by least squares."""
    import altair as alt  # noqa: PLC0415

    axis = alt.Axis(format="%b %y", tickCount=2, grid=False, labelFlush=True)
    x = alt.X("month:T", title=None, axis=axis)
    y = alt.Y(
        "value:Q",
        title=None,
        axis=alt.Axis(format="~s", tickCount=2, labelExpr=_ZERO),
        scale=alt.Scale(domainMin=0, zero=True),
    )
    line = _rows().mark_line(color=_BLUE, strokeWidth=2).encode(x=x, y=y)
    points = (
        _rows()
        .mark_point(color=_BLUE, filled=True, size=60)
        .encode(x=x, y=y, opacity=alt.value(0.01), tooltip=_tooltip())
    )
    trend = (
        _rows()
        .transform_regression("month", "value")
        .mark_line(color=_ORANGE, strokeDash=[4, 3], strokeWidth=1.5, clip=True)
        .encode(x=x, y=y)
    )
    return _styled(alt.layer(line, trend, points).properties(width="container", height=90))


def _map(color: str) -> Any:  # noqa: ANN401
    """Cities by longitude and latitude; so near the equator no projection is needed."""
    import altair as alt  # noqa: PLC0415

    none = alt.Axis(labels=False, ticks=False, domain=False, grid=False)
    return _styled(
        _rows()
        .mark_circle(color=color, opacity=0.45, stroke=color, strokeWidth=0.5)
        .encode(
            x=alt.X("longitude:Q", scale=alt.Scale(domain=[-74, -32]), axis=none, title=None),
            y=alt.Y("latitude:Q", scale=alt.Scale(domain=[-34, 6]), axis=none, title=None),
            size=alt.Size("value:Q", scale=alt.Scale(range=[3, 900]), legend=None),
            tooltip=_tooltip(),
        )
        .properties(width="container", height=380, padding=4)
    )


def _cohorts() -> Any:  # noqa: ANN401
    import altair as alt  # noqa: PLC0415

    return _styled(
        _rows()
        .mark_rect(color=_BLUE)
        .encode(
            x=alt.X("since:O", title="months after the first order", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("cohort:O", title=None, sort=alt.EncodingSortField(field="place", op="min")),
            # 1 % and more is darkest, so a month with few first orders does not fade the others
            opacity=alt.Opacity(
                "value:Q",
                scale=alt.Scale(domain=[0, 0.01], range=[0.08, 1], clamp=True),
                legend=None,
            ),
            tooltip=_tooltip(),
        )
        .properties(width="container", height=alt.Step(16), padding=4)
    )


def _delay() -> Any:  # noqa: ANN401
    import altair as alt  # noqa: PLC0415

    late = alt.condition("datum.delay > 0", alt.value(_ORANGE), alt.value(_BLUE))
    return _styled(
        _rows()
        .mark_bar()
        .encode(
            x=alt.X(
                "delay:O",
                title="days after the promised date (negative: early)",
                axis=alt.Axis(labelAngle=0, labelOverlap=True),
            ),
            y=alt.Y("value:Q", title="average review score", scale=alt.Scale(domain=[1, 5])),
            y2=alt.datum(1),
            color=late,
            tooltip=_tooltip(),
        )
        .properties(width="container", height=240, padding=4)
    )
