"""Choices that live in the URL, so that a view can be shared. The URL is the truth, widgets follow it."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st


def _write(key: str, default: Any, many: bool = False) -> None:
    value = st.session_state[_widget(key)]
    if value is None or value == default or value == []:
        st.query_params.pop(key, None)
    else:
        st.query_params[key] = ",".join(value) if many else str(value)


def _widget(key: str) -> str:
    return f"url_{key}"


def select(
    label: str, key: str, options: Mapping[str, str], *, default: str | None, keep_default: bool = False, **kwargs: Any
) -> str | None:
    """A select box of options value -> name whose value stands in the URL under key, unless it is the default.

    default None: nothing is chosen at first. keep_default: the default is written to the URL too.
    """
    if keep_default and default is not None and key not in st.query_params:
        st.query_params[key] = default
    wanted = st.query_params.get(key, default)
    st.session_state[_widget(key)] = wanted if wanted in options else default
    return st.selectbox(
        label,
        list(options),
        format_func=lambda value: options[value],
        key=_widget(key),
        on_change=_write,
        args=(key, None if keep_default else default),
        **kwargs,
    )


def segments(label: str, key: str, options: Mapping[str, str], *, default: str, **kwargs: Any) -> str:
    """Like select, as a row of buttons."""
    wanted = st.query_params.get(key, default)
    st.session_state[_widget(key)] = wanted if wanted in options else default
    chosen = st.segmented_control(
        label,
        list(options),
        format_func=lambda value: options[value],
        key=_widget(key),
        on_change=_write,
        args=(key, default),
        required=True,
        **kwargs,
    )
    return chosen or default


def several(label: str, key: str, options: Mapping[str, str], *, default: Sequence[str], **kwargs: Any) -> list[str]:
    """Any number of options, in the URL with commas between."""
    wanted = st.query_params.get(key)
    chosen = [value for value in wanted.split(",") if value in options] if wanted else []
    st.session_state[_widget(key)] = chosen or list(default)
    return st.multiselect(
        label,
        list(options),
        format_func=lambda value: options[value],
        key=_widget(key),
        on_change=_write,
        args=(key, list(default), True),
        **kwargs,
    )


def switch(label: str, key: str, *, default: bool = False, **kwargs: Any) -> bool:
    """A toggle, `1` or `0` in the URL."""
    st.session_state[_widget(key)] = st.query_params.get(key, "1" if default else "0") == "1"

    def write() -> None:
        value = st.session_state[_widget(key)]
        if value == default:
            st.query_params.pop(key, None)
        else:
            st.query_params[key] = "1" if value else "0"

    return st.toggle(label, key=_widget(key), on_change=write, **kwargs)
