//! The formats for people: bordered table, Markdown table, one line per column.

use std::borrow::Cow;

use arrow::array::{Array, RecordBatch, StringArray};
use arrow::datatypes::SchemaRef;

use super::text::{display_width, printable, text_columns, truncated};
use super::{Encode, OutputError};

/// What stands for NULL.
const NULL: &str = "NULL";

/// A time in full. Rather than cut columns to less, the last ones are left out.
const COLUMN_WIDTH_MIN: usize = 20;

/// Border and space around one cell: `| ` before and a space after.
const CELL_FRAME: usize = 3;

/// The held rows of a result, as printable text.
struct Rows {
    schema: SchemaRef,
    names: Vec<String>,
    chunks: Vec<Vec<StringArray>>,
}

impl Rows {
    fn new(schema: &SchemaRef, clean: impl Fn(&str) -> Cow<'_, str>) -> Self {
        let fields = schema.fields().iter();
        Self { schema: SchemaRef::clone(schema), names: fields.map(|field| clean(field.name()).into_owned()).collect(), chunks: Vec::new() }
    }

    fn hold(&mut self, batch: &RecordBatch, clean: impl Fn(&str) -> Cow<'_, str>) -> Result<(), OutputError> {
        let columns = text_columns(&self.schema, batch)?;
        let columns = columns.iter().map(|column| {
            let texts = column.iter();
            texts.map(|text| text.map_or(Cow::Borrowed(NULL), &clean)).map(Some).collect()
        });
        self.chunks.push(columns.collect());
        Ok(())
    }

    /// The widest cell of each column, its name included.
    fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = self.names.iter().map(|name| display_width(name)).collect();
        for chunk in &self.chunks {
            for (width, column) in widths.iter_mut().zip(chunk) {
                let cells = column.iter().flatten().flat_map(str::lines);
                *width = cells.map(display_width).fold(*width, usize::max);
            }
        }
        widths
    }

    /// The cells of every row.
    fn iter(&self) -> impl Iterator<Item = Vec<&str>> {
        self.chunks.iter().flat_map(|chunk| {
            let rows = chunk.first().map_or(0, arrow::array::Array::len);
            (0..rows).map(|row| chunk.iter().map(|column| column.value(row)).collect())
        })
    }
}

/// A table with borders. Numbers stand to the right. On a terminal, cells are cut so that lines fit, and
/// columns that would be too narrow to read are left out from the right.
pub(super) struct Table {
    rows: Rows,
    numeric: Vec<bool>,
    terminal_width: Option<usize>,
    hidden_columns: usize,
    is_plan: bool,
}

impl Table {
    pub(super) fn new(schema: &SchemaRef, terminal_width: Option<usize>) -> Self {
        let fields = schema.fields().iter();
        // EXPLAIN: the lines of a plan are its meaning, and they come from the engine, not from data.
        let is_plan = fields.clone().map(|field| field.name()).eq(["plan_type", "plan"]);
        Self {
            rows: Rows::new(schema, printable),
            numeric: fields.map(|field| field.data_type().is_numeric()).collect(),
            terminal_width: terminal_width.filter(|_| !is_plan),
            hidden_columns: 0,
            is_plan,
        }
    }

    fn append_row(&self, cells: &[&str], widths: &[usize], out: &mut Vec<u8>) {
        let mut lines: Vec<std::str::Split<'_, char>> = cells.iter().map(|cell| cell.split('\n')).collect();
        let height = cells.iter().map(|cell| cell.split('\n').count()).max();
        for _ in 0..height.unwrap_or(1) {
            for (index, (line, width)) in lines.iter_mut().zip(widths).enumerate() {
                let text = truncated(line.next().unwrap_or(""), *width);
                let space = " ".repeat(width.saturating_sub(display_width(&text)));
                let right = self.numeric.get(index).copied().unwrap_or(false);
                let (before, after) = if right { (&*space, "") } else { ("", &*space) };
                for part in ["| ", before, &text, after, " "] {
                    out.extend_from_slice(part.as_bytes());
                }
            }
            out.extend_from_slice(b"|\n");
        }
    }
}

impl Encode for Table {
    fn begin(&mut self, _out: &mut Vec<u8>) -> Result<(), OutputError> {
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, _out: &mut Vec<u8>) -> Result<(), OutputError> {
        if self.is_plan { self.rows.hold(batch, plan_lines) } else { self.rows.hold(batch, printable) }
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), OutputError> {
        let mut widths = self.rows.widths();
        if let Some(width) = self.terminal_width {
            let shown = fit(&mut widths, width);
            self.hidden_columns = widths.len() - shown;
            widths.truncate(shown);
        }
        let rules: Vec<String> = widths.iter().map(|width| "-".repeat(width + 2)).collect();
        let border = format!(
            "+{}+
",
            rules.join("+")
        );
        let names: Vec<&str> = self.rows.names.iter().map(String::as_str).collect();

        out.extend_from_slice(border.as_bytes());
        self.append_row(&names, &widths, out);
        out.extend_from_slice(border.as_bytes());
        for row in self.rows.iter() {
            self.append_row(&row, &widths, out);
        }
        if !self.rows.chunks.is_empty() {
            out.extend_from_slice(border.as_bytes());
        }
        Ok(())
    }

    fn hidden_columns(&self) -> usize {
        self.hidden_columns
    }
}

/// Narrows the widest columns until a line takes at most `terminal` columns; returns how many columns are
/// shown, at least one.
fn fit(widths: &mut [usize], terminal: usize) -> usize {
    let mut shown = 0;
    let mut least = 1;
    for width in widths.iter() {
        least += CELL_FRAME + (*width).min(COLUMN_WIDTH_MIN);
        if least > terminal {
            break;
        }
        shown += 1;
    }
    let shown = shown.max(1).min(widths.len());

    let room = terminal.saturating_sub(1 + CELL_FRAME * shown);
    let mut narrowest: Vec<usize> = widths.iter().take(shown).copied().collect();
    narrowest.sort_unstable();
    let mut room_left = room;
    let mut cap = usize::MAX;
    for (index, width) in narrowest.iter().enumerate() {
        let share = room_left / (shown - index);
        if *width > share {
            cap = share.max(1);
            break;
        }
        room_left -= width;
    }
    for width in widths.iter_mut() {
        *width = (*width).min(cap);
    }
    shown
}

fn plan_lines(text: &str) -> Cow<'_, str> {
    let lines: Vec<Cow<'_, str>> = text.trim_end().lines().map(printable).collect();
    Cow::Owned(lines.join("\n"))
}

/// A GitHub-flavoured Markdown table.
pub(super) struct Markdown {
    rows: Rows,
    numeric: Vec<bool>,
}

impl Markdown {
    pub(super) fn new(schema: &SchemaRef) -> Self {
        let fields = schema.fields().iter();
        Self { rows: Rows::new(schema, markdown_cell), numeric: fields.map(|field| field.data_type().is_numeric()).collect() }
    }
}

impl Encode for Markdown {
    fn begin(&mut self, _out: &mut Vec<u8>) -> Result<(), OutputError> {
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, _out: &mut Vec<u8>) -> Result<(), OutputError> {
        self.rows.hold(batch, markdown_cell)
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), OutputError> {
        let rules = self.numeric.iter().map(|numeric| if *numeric { "---:" } else { "---" });
        append_markdown_row(self.rows.names.iter().map(String::as_str), out);
        append_markdown_row(rules, out);
        for row in self.rows.iter() {
            append_markdown_row(row.into_iter(), out);
        }
        Ok(())
    }
}

fn append_markdown_row<'a>(cells: impl Iterator<Item = &'a str>, out: &mut Vec<u8>) {
    for cell in cells {
        out.extend_from_slice(b"| ");
        out.extend_from_slice(cell.as_bytes());
        out.push(b' ');
    }
    out.extend_from_slice(b"|\n");
}

/// What would end the cell, be taken for HTML or be eaten as an escape is escaped.
fn markdown_cell(text: &str) -> Cow<'_, str> {
    if !text.contains(['|', '\\', '<', '\n', '\r']) {
        return printable(text);
    }
    let lines: Vec<String> = text
        .lines()
        .map(|line| {
            let escaped = line.replace('\\', "\\\\").replace('|', "\\|").replace('<', "\\<");
            printable(&escaped).into_owned()
        })
        .collect();
    Cow::Owned(lines.join("<br>"))
}

/// One `column | value` line per column, a header line per row.
pub(super) struct Vertical {
    schema: SchemaRef,
    names: Vec<String>,
    record: u64,
}

impl Vertical {
    pub(super) fn new(schema: &SchemaRef) -> Self {
        let names = schema.fields().iter().map(|field| printable(field.name()).into_owned());
        let names: Vec<String> = names.collect();
        let width = names.iter().map(|name| display_width(name)).max().unwrap_or(0);
        let padded = names.into_iter().map(|name| {
            let space = width.saturating_sub(display_width(&name));
            name + &" ".repeat(space)
        });
        Self { schema: SchemaRef::clone(schema), names: padded.collect(), record: 0 }
    }
}

impl Encode for Vertical {
    fn begin(&mut self, _out: &mut Vec<u8>) -> Result<(), OutputError> {
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), OutputError> {
        let columns = text_columns(&self.schema, batch)?;
        for row in 0..batch.num_rows() {
            self.record += 1;
            out.extend_from_slice(format!("-[ RECORD {} ]-\n", self.record).as_bytes());
            for (name, column) in self.names.iter().zip(&columns) {
                let value = if column.is_valid(row) { printable(column.value(row)) } else { Cow::Borrowed(NULL) };
                out.extend_from_slice(format!("{name} | {value}\n").as_bytes());
            }
        }
        Ok(())
    }

    fn end(&mut self, _out: &mut Vec<u8>) -> Result<(), OutputError> {
        Ok(())
    }
}
