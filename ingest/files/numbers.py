"""Cells to numbers, a whole column at a time."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

OK, EMPTY, NOT_A_NUMBER, NOT_FINITE = range(4)
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"


def parse_numbers(
    column: pa.Array, decimal: str = ".", null_texts: tuple[str, ...] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """float64 values and a uint8 verdict per cell: OK, EMPTY, NOT_A_NUMBER or NOT_FINITE (NaN, infinity, overflow).

    column: text, or any numeric or boolean type. decimal: "." or ","; with "," a cell that holds a point is
    NOT_A_NUMBER, because it may be a thousands separator. null_texts: texts that mean "no reading".
    Values of cells that are not OK mean nothing.
    """
    is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    if is_text:
        column, odd = _text_to_float(column, decimal, null_texts)
    else:
        odd = None
        if pa.types.is_boolean(column.type):
            column = column.cast(pa.int8())
        if pa.types.is_dictionary(column.type):
            return parse_numbers(column.dictionary_decode(), decimal, null_texts)
        try:
            column = column.cast(pa.float64(), safe=False)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            verdict = np.full(len(column), NOT_A_NUMBER, np.uint8)
            verdict[column.is_null().to_numpy(zero_copy_only=False)] = EMPTY
            return np.zeros(len(column)), verdict
    is_null = column.is_null().to_numpy(zero_copy_only=False)
    values = (
        column.fill_null(0.0).to_numpy(zero_copy_only=False)
        if column.null_count
        else column.to_numpy(zero_copy_only=False)
    )
    verdict = np.zeros(len(values), np.uint8)
    verdict[~np.isfinite(values)] = NOT_FINITE
    verdict[is_null] = EMPTY
    if odd is not None:
        verdict[odd] = NOT_A_NUMBER
    return values, verdict


def _text_to_float(text: pa.Array, decimal: str, null_texts: tuple[str, ...]) -> tuple[pa.Array, np.ndarray | None]:
    """float64 with null for empty cells, and a mask of the cells that are no number (None: there is none)."""
    text = pc.utf8_trim_whitespace(text)
    is_empty = pc.equal(text, "")
    if null_texts:
        is_empty = pc.or_(is_empty, pc.is_in(text, value_set=pa.array(null_texts, pa.string())))
    text = pc.if_else(is_empty, pa.scalar(None, text.type), text)
    has_point = None
    if decimal == ",":
        has_point = pc.match_substring(text, ".").fill_null(False)
        text = pc.replace_substring(text, ",", ".")
    try:
        number = text.cast(pa.float64())
        odd = has_point
    except pa.ArrowInvalid:
        text = pc.replace_substring_regex(text, r"^\+", "")
        special = pc.match_substring_regex(text, r"^[+-]?(nan|inf|infinity)$", ignore_case=True)
        sound = pc.match_substring_regex(text, _NUMBER)
        number = pc.if_else(sound, text, pa.scalar(None, text.type)).cast(pa.float64())
        number = pc.if_else(special, pa.scalar(float("nan")), number)
        odd = pc.invert(pc.or_(sound, special)).fill_null(False)
        if has_point is not None:
            odd = pc.or_(odd, has_point)
    return number, None if odd is None else odd.to_numpy(zero_copy_only=False)
