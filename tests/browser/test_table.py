"""A table is filled in as in a spreadsheet: cell by cell, by the keyboard, or pasted."""

import pytest
from conftest import CAT
from everything import ask, field
from playwright.sync_api import Locator, Page, expect
from test_axe import violations

pytest_plugins = ["everything"]


@pytest.fixture
def weights(every: Page) -> Locator:
    """The table's field, of a form that has all else that it needs."""
    field(every, "Photo").set_input_files(CAT)
    field(every, "Story").fill("x")
    return every.locator("[data-field=weights]")


def paste(cell: Locator, text: str) -> bool:
    """Paste as a browser does; whether it is left to the browser."""
    return cell.evaluate(
        """(cell, text) => {
            cell.focus();
            const transfer = new DataTransfer();
            transfer.setData("text/plain", text);
            return cell.dispatchEvent(new ClipboardEvent("paste", {clipboardData: transfer, bubbles: true, cancelable: true}));
        }""",
        text,
    )


def asked(page: Page, bridge) -> object:
    """Ask, and return the table as it arrived."""
    bridge[1].asked.clear()
    with page.expect_response("**/ask"):
        ask(page)
    return bridge[1].asked[0].get("weights")


def test_cells_are_filled_in_by_the_keyboard(every: Page, weights: Locator, bridge):
    """Tab goes on, Enter goes down and makes room, arrows go where no word is in their way; each cell says what it is."""
    cell = weights.get_by_label
    assert asked(every, bridge) is None  # names of columns alone are no table
    cell("name, row 1").focus()
    every.keyboard.type("Anna")
    every.keyboard.press("Tab")
    every.keyboard.type("0.5")
    expect(cell("kg, row 1")).to_have_value("0.5")
    every.keyboard.press("Enter")
    expect(cell("kg, row 2")).to_be_focused()
    every.keyboard.type("4")
    every.keyboard.press("ArrowLeft")  # within the word
    expect(cell("kg, row 2")).to_be_focused()
    every.keyboard.press("ArrowLeft")
    expect(cell("name, row 2")).to_be_focused()
    every.keyboard.type("Bo")
    every.keyboard.press("ArrowUp")
    expect(cell("name, row 1")).to_be_focused()
    every.keyboard.press("ArrowUp")
    expect(cell("Name of column 1")).to_be_focused()
    every.keyboard.type("who")
    expect(cell("who, row 2")).to_have_value("Bo")
    assert asked(every, bridge) == {"headers": ["who", "kg"], "data": [["Anna", 0.5], ["Bo", 4]]}
    every.get_by_role("button", name="Add a column").click()
    expect(cell("Name of column 3")).to_be_focused()
    every.keyboard.type("age")
    every.get_by_role("button", name="Add a row").click()
    expect(cell("who, row 3")).to_be_focused()
    every.keyboard.type("Cy")
    data = [["Anna", 0.5, None], ["Bo", 4, None], ["Cy", None, None]]
    assert asked(every, bridge) == {"headers": ["who", "kg", "age"], "data": data}
    assert violations(every) == []


def test_a_spreadsheet_is_pasted_into_any_cell(every: Page, weights: Locator, bridge):
    """It grows where it has to, and names of columns that are there are not pasted among the numbers; undo takes it back."""
    cell = weights.get_by_label
    assert not paste(cell("name, row 1"), 'name\tkg\tnote\nAnna\t0.5\t"two\nlines"\nBo\t4\t\n')
    pasted = {
        "headers": ["name", "kg", "3"],
        "data": [["name", "kg", "note"], ["Anna", 0.5, "two\nlines"], ["Bo", 4, None]],
    }
    assert asked(every, bridge) == pasted
    undo = weights.get_by_role("button", name="Undo")
    undo.click()
    assert asked(every, bridge) is None
    assert not paste(cell("name, row 1"), "name\tkg\r\nAnna\t0.5\r\nBo\t4\r\n")
    assert asked(every, bridge) == {"headers": ["name", "kg"], "data": [["Anna", 0.5], ["Bo", 4]]}
    assert not paste(cell("kg, row 2"), "5\n6")
    assert asked(every, bridge)["data"] == [["Anna", 0.5], ["Bo", 5], [None, 6]]
    assert paste(cell("kg, row 2"), "7")  # one cell's is the browser's to paste
    undo.click()
    assert asked(every, bridge)["data"] == [["Anna", 0.5], ["Bo", 4]]


def test_rows_columns_and_all_of_it_come_back(every: Page, weights: Locator, bridge):
    """Removed, cleared, written over by an example: undone, one after the other, and the text says the same as the cells."""
    whole = {"headers": ["name", "kg"], "data": [["Anna", 0.5], ["Bo", 4]]}
    weights.get_by_text("As text").click()
    text = every.get_by_label("Weights as text")
    text.fill('name\tkg\n"Anna"\t0.5\nBo, 4')
    expect(weights.get_by_role("row")).to_have_count(3)
    assert asked(every, bridge) == whole
    weights.get_by_role("button", name="Remove row 1").click()
    expect(text).to_have_value("name\tkg\nBo\t4")
    weights.get_by_role("button", name="Remove name").click()
    expect(text).to_have_value("kg\n4")
    weights.get_by_role("button", name="Clear").click()
    expect(text).to_have_value("name\tkg")
    assert asked(every, bridge) is None
    undo = weights.get_by_role("button", name="Undo")
    undo.click()
    expect(text).to_have_value("kg\n4")
    undo.click()
    undo.click()
    assert asked(every, bridge) == whole
    every.get_by_role("link", name="Anna and her cat").click()
    expect(text).to_have_value("name\tkg")
    undo.click()
    expect(weights.get_by_label("kg, row 2")).to_have_value("4")


def test_a_long_table_stays_quick(every: Page, weights: Locator, bridge):
    """A thousand rows are all sent, and the first hundred stand in cells: no page has to draw thousands of controls."""
    rows = [[at, at / 2] for at in range(1000)]
    assert not paste(weights.get_by_label("name, row 1"), "\n".join(f"{one}\t{two}" for one, two in rows))
    expect(weights).to_contain_text("and 900 more, which stand in the text")
    expect(weights.get_by_role("row")).to_have_count(101)
    assert asked(every, bridge)["data"] == rows
