use std::sync::Arc;

use arrow::array::*;
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{
    DataType, Field, Fields, Float64Type, Int32Type, IntervalMonthDayNano, IntervalUnit, Schema, TimeUnit, UnionFields,
};
use arrow::ipc::reader::StreamReader;
use bytes::Bytes;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::stream;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::*;

const ALL_FORMATS: [OutputFormat; 9] = [
    OutputFormat::Table,
    OutputFormat::Vertical,
    OutputFormat::Csv,
    OutputFormat::Tsv,
    OutputFormat::Json,
    OutputFormat::Ndjson,
    OutputFormat::Markdown,
    OutputFormat::Parquet,
    OutputFormat::Arrow,
];

fn options(format: OutputFormat) -> OutputOptions {
    OutputOptions { format, ..OutputOptions::default() }
}

fn stream_of(schema: SchemaRef, batches: Vec<Result<RecordBatch, DataFusionError>>) -> SendableRecordBatchStream {
    Box::pin(RecordBatchStreamAdapter::new(schema, stream::iter(batches)))
}

async fn write_with(batch: &RecordBatch, options: &OutputOptions) -> (Vec<u8>, RowCount) {
    let mut out = Vec::new();
    let batches = vec![Ok(batch.clone())];
    let count = write_results(stream_of(batch.schema(), batches), options, &mut out).await.unwrap();
    (out, count)
}

async fn text_with(batch: &RecordBatch, options: &OutputOptions) -> String {
    String::from_utf8(write_with(batch, options).await.0).unwrap()
}

async fn text(batch: &RecordBatch, format: OutputFormat) -> String {
    text_with(batch, &options(format)).await
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

fn strings(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

/// Two rows a column, one of a value and one of NULL, for every type that a query can return.
fn all_types() -> RecordBatch {
    let micros = 1_793_491_200_000_000_i64;
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None, Some(3)]), None]);
    let floats = FixedSizeListArray::from_iter_primitive::<Float64Type, _, _>([Some(vec![Some(0.5), Some(f64::NAN)]), None], 2);
    let list_view: ListViewArray = list.clone().into();
    let structure = StructArray::try_new(
        Fields::from(vec![
            Field::new("at", DataType::Timestamp(TimeUnit::Microsecond, None), true),
            Field::new("name", DataType::Utf8, true),
        ]),
        vec![Arc::new(TimestampMicrosecondArray::from(vec![Some(micros), None])), strings(&[None, None])],
        Some(vec![true, false].into()),
    )
    .unwrap();
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    map.keys().append_value("k");
    map.values().append_null();
    map.append(true).unwrap();
    map.append(false).unwrap();
    let mut numbered = MapBuilder::new(None, Int32Builder::new(), Int32Builder::new());
    numbered.keys().append_value(7);
    numbered.values().append_value(8);
    numbered.append(true).unwrap();
    numbered.append(false).unwrap();
    let union = UnionArray::try_new(
        UnionFields::from_iter([
            (0, Arc::new(Field::new("null", DataType::Null, true))),
            (2, Arc::new(Field::new("int", DataType::Int64, false))),
        ]),
        ScalarBuffer::from(vec![2_i8, 0]),
        None,
        vec![Arc::new(NullArray::new(2)), Arc::new(Int64Array::from(vec![42, 0]))],
    )
    .unwrap();
    let text_union = UnionArray::try_new(
        UnionFields::from_iter([
            (0, Arc::new(Field::new("null", DataType::Null, true))),
            (1, Arc::new(Field::new("str", DataType::Utf8, false))),
        ]),
        ScalarBuffer::from(vec![1_i8, 0]),
        None,
        vec![Arc::new(NullArray::new(2)), Arc::new(StringArray::from(vec!["x\"y", ""]))],
    )
    .unwrap();
    // The NULL stands among the dictionary's values, not among its keys.
    let dictionary = DictionaryArray::new(Int32Array::from(vec![0, 1]), strings(&[Some("red"), None]));
    batch(vec![
        ("utf8", strings(&[Some("a"), None])),
        ("large", Arc::new(LargeStringArray::from(vec![Some("b"), None]))),
        ("view", Arc::new(StringViewArray::from(vec![Some("c"), None]))),
        ("dict", Arc::new(dictionary)),
        ("bool", Arc::new(BooleanArray::from(vec![Some(true), None]))),
        ("i8", Arc::new(Int8Array::from(vec![Some(-8), None]))),
        ("u64", Arc::new(UInt64Array::from(vec![Some(u64::MAX), None]))),
        ("i64", Arc::new(Int64Array::from(vec![Some(i64::MIN), None]))),
        ("f32", Arc::new(Float32Array::from(vec![Some(1.5), None]))),
        ("f64", Arc::new(Float64Array::from(vec![Some(0.1), None]))),
        ("decimal", Arc::new(Decimal128Array::from(vec![Some(1230), None]).with_precision_and_scale(10, 2).unwrap())),
        ("ts_us", Arc::new(TimestampMicrosecondArray::from(vec![Some(micros + 1), None]))),
        ("ts_utc", Arc::new(TimestampMicrosecondArray::from(vec![Some(micros), None]).with_timezone("UTC"))),
        ("ts_zone", Arc::new(TimestampMillisecondArray::from(vec![Some(micros / 1000 + 5), None]).with_timezone("+02:00"))),
        ("ts_s", Arc::new(TimestampSecondArray::from(vec![Some(0), None]))),
        ("ts_ns", Arc::new(TimestampNanosecondArray::from(vec![Some(1), None]))),
        ("date32", Arc::new(Date32Array::from(vec![Some(1), None]))),
        ("date64", Arc::new(Date64Array::from(vec![Some(86_400_000), None]))),
        ("time", Arc::new(Time64MicrosecondArray::from(vec![Some(1_000_000), None]))),
        ("interval", Arc::new(IntervalMonthDayNanoArray::from(vec![Some(IntervalMonthDayNano::new(1, 2, 0)), None]))),
        ("duration", Arc::new(DurationSecondArray::from(vec![Some(90), None]))),
        ("list", Arc::new(list)),
        ("fixed", Arc::new(floats)),
        ("list_view", Arc::new(list_view)),
        ("struct", Arc::new(structure)),
        ("map", Arc::new(map.finish())),
        ("numbered", Arc::new(numbered.finish())),
        ("binary", Arc::new(BinaryArray::from(vec![Some(&b"\x00\xff"[..]), None]))),
        ("null", Arc::new(NullArray::new(2))),
        ("union", Arc::new(union)),
        ("text_union", Arc::new(text_union)),
    ])
}

const ALL_TYPES_ROW: &str = concat!(
    r#"{"utf8":"a","large":"b","view":"c","dict":"red","bool":true,"i8":-8,"u64":18446744073709551615,"#,
    r#""i64":-9223372036854775808,"f32":1.5,"f64":0.1,"decimal":12.30,"ts_us":"2026-11-01T00:00:00.000001Z","#,
    r#""ts_utc":"2026-11-01T00:00:00Z","ts_zone":"2026-11-01T00:00:00.005Z","ts_s":"1970-01-01T00:00:00Z","#,
    r#""ts_ns":"1970-01-01T00:00:00.000000001Z","date32":"1970-01-02","date64":"1970-01-02","time":"00:00:01","#,
    r#""interval":"1 mons 2 days","duration":"PT90S","list":[1,null,3],"fixed":[0.5,null],"list_view":[1,null,3],"#,
    r#""struct":{"at":"2026-11-01T00:00:00Z","name":null},"map":{"k":null},"numbered":{"7":8},"binary":"00ff","#,
    r#""null":null,"union":42,"text_union":"x\"y"}"#,
);

#[tokio::test]
async fn every_type_has_a_json_form_and_null_is_null() {
    let lines = text(&all_types(), OutputFormat::Ndjson).await;
    let mut lines = lines.lines();
    assert_eq!(lines.next().unwrap(), ALL_TYPES_ROW);
    let nulls: serde_json::Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    let nulls = nulls.as_object().unwrap();
    assert_eq!(nulls.len(), all_types().num_columns());
    assert!(nulls.values().all(serde_json::Value::is_null), "{nulls:?}");
}

#[tokio::test]
async fn json_is_one_array_with_one_object_a_line() {
    let json = text(&all_types(), OutputFormat::Json).await;
    assert!(json.starts_with("[{") && json.ends_with("}]\n"));
    assert_eq!(json.lines().count(), 2);
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn json_of_several_batches_is_still_one_array() {
    let one = batch(vec![("n", Arc::new(Int64Array::from_iter_values(0..2500)))]);
    let mut out = Vec::new();
    let empty = RecordBatch::new_empty(one.schema());
    let batches = vec![Ok(empty), Ok(one.clone()), Ok(one.clone())];
    let stream = stream_of(one.schema(), batches);
    let count = write_results(stream, &options(OutputFormat::Json), &mut out).await.unwrap();
    let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(value.as_array().unwrap().len(), 5000);
    assert_eq!(count.rows, 5000);
}

#[tokio::test]
async fn no_rows_still_make_a_valid_document() {
    let empty = RecordBatch::new_empty(all_types().schema());
    for batches in [vec![], vec![Ok(empty.clone())]] {
        let mut outputs = Vec::new();
        for format in ALL_FORMATS {
            let stream = stream_of(
                empty.schema(),
                batches.iter().map(|batch: &Result<RecordBatch, DataFusionError>| Ok(batch.as_ref().unwrap().clone())).collect(),
            );
            let mut out = Vec::new();
            let count = write_results(stream, &options(format), &mut out).await.unwrap();
            assert_eq!((count.rows, count.more, count.has_columns), (0, false, true));
            outputs.push(out);
        }
        assert_eq!(outputs[0].split(|byte| *byte == b'\n').count(), 4);
        assert!(outputs[1].is_empty());
        assert!(outputs[2].starts_with(b"utf8,large,"));
        assert!(outputs[3].starts_with(b"utf8\tlarge\t"));
        assert_eq!(outputs[4], b"[]\n");
        assert!(outputs[5].is_empty());
        assert_eq!(outputs[6].split(|byte| *byte == b'\n').count(), 3);
        let parquet = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(outputs[7].clone()));
        assert_eq!(parquet.unwrap().schema().fields().len(), empty.num_columns());
        let arrow = StreamReader::try_new(&outputs[8][..], None).unwrap();
        assert_eq!(arrow.schema().fields().len(), empty.num_columns());
    }
}

#[tokio::test]
async fn every_type_is_written_in_every_format() {
    for format in ALL_FORMATS {
        let (out, count) = write_with(&all_types(), &options(format)).await;
        assert_eq!(count.rows, 2, "{format:?}");
        assert!(!out.is_empty(), "{format:?}");
    }
}

#[tokio::test]
async fn vertical_shows_values_as_the_other_text_formats_do() {
    let vertical = text(&all_types(), OutputFormat::Vertical).await;
    for line in [
        "-[ RECORD 1 ]-",
        "-[ RECORD 2 ]-",
        "utf8       | a",
        "dict       | red",
        "decimal    | 12.30",
        "ts_us      | 2026-11-01T00:00:00.000001Z",
        "ts_zone    | 2026-11-01T00:00:00.005Z",
        "date64     | 1970-01-02",
        "list       | [1,null,3]",
        "struct     | {\"at\":\"2026-11-01T00:00:00Z\",\"name\":null}",
        "binary     | 00ff",
        "union      | 42",
        "text_union | x\"y",
        "utf8       | NULL",
        "dict       | NULL",
        "union      | NULL",
    ] {
        assert!(vertical.lines().any(|found| found == line), "{line}\n{vertical}");
    }
}

#[tokio::test]
async fn parquet_and_arrow_read_back() {
    let (out, _) = write_with(&all_types(), &options(OutputFormat::Parquet)).await;
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(out)).unwrap();
    let read: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    assert_eq!(read[0].num_rows(), 2);
    assert_eq!(read[0].column_by_name("i64").unwrap(), all_types().column_by_name("i64").unwrap());
    assert_eq!(read[0].column_by_name("interval").unwrap().data_type(), &DataType::Utf8);
    assert_eq!(read[0].column_by_name("ts_us").unwrap().data_type(), &DataType::Timestamp(TimeUnit::Microsecond, None));

    let (out, _) = write_with(&all_types(), &options(OutputFormat::Arrow)).await;
    let read: Vec<RecordBatch> = StreamReader::try_new(&out[..], None).unwrap().map(Result::unwrap).collect();
    assert_eq!(read[0].columns(), all_types().columns());
}

#[tokio::test]
async fn floats_that_json_lacks_are_null() {
    let floats = Float64Array::from(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300]);
    let lines = text(&batch(vec![("f", Arc::new(floats))]), OutputFormat::Ndjson).await;
    assert_eq!(lines, "{\"f\":null}\n{\"f\":null}\n{\"f\":null}\n{\"f\":1.0e300}\n");
}

fn json_column(values: &[Option<&str>]) -> RecordBatch {
    let extension = [("ARROW:extension:name".to_owned(), "arrow.json".to_owned())];
    let field = Field::new("tags", DataType::Utf8View, true).with_metadata(extension.into());
    let array: ArrayRef = Arc::new(StringViewArray::from(values.to_vec()));
    RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![array]).unwrap()
}

#[tokio::test]
async fn json_columns_are_text_as_stored_unless_nested() {
    let batch = json_column(&[
        Some(r#"{"n":1.0,"big":123456789012345678901234567890}"#),
        Some("{\n  \"a b\": \"c \\\" d\",\t\"e\": [ ]\n}"),
        Some("not json"),
        None,
    ]);
    assert_eq!(
        text(&batch, OutputFormat::Ndjson).await,
        concat!(
            r#"{"tags":"{\"n\":1.0,\"big\":123456789012345678901234567890}"}"#,
            "\n",
            r#"{"tags":"{\n  \"a b\": \"c \\\" d\",\t\"e\": [ ]\n}"}"#,
            "\n",
            r#"{"tags":"not json"}"#,
            "\n",
            r#"{"tags":null}"#,
            "\n",
        )
    );
    let nested = OutputOptions { nested: true, ..options(OutputFormat::Ndjson) };
    assert_eq!(
        text_with(&batch, &nested).await,
        concat!(
            r#"{"tags":{"n":1.0,"big":123456789012345678901234567890}}"#,
            "\n",
            r#"{"tags":{"a b":"c \" d","e":[]}}"#,
            "\n",
            r#"{"tags":"not json"}"#,
            "\n",
            r#"{"tags":null}"#,
            "\n",
        )
    );
}

#[tokio::test]
async fn csv_is_rfc_4180() {
    let batch = batch(vec![
        ("a,b", strings(&[Some("x\"y"), Some("two\nlines"), None, Some("")])),
        ("n", Arc::new(Int64Array::from(vec![Some(1), None, Some(-3), Some(4)]))),
    ]);
    assert_eq!(text(&batch, OutputFormat::Csv).await, "\"a,b\",n\n\"x\"\"y\",1\n\"two\nlines\",\n,-3\n,4\n");
}

#[tokio::test]
async fn tsv_keeps_one_line_a_row() {
    let batch = batch(vec![("a\tb", strings(&[Some("t\tn\nr\rb\\"), None])), ("n", strings(&[Some("é"), Some("")]))]);
    assert_eq!(text(&batch, OutputFormat::Tsv).await, "a\\tb\tn\nt\\tn\\nr\\rb\\\\\té\n\t\n");
}

#[tokio::test]
async fn markdown_escapes_what_would_break_a_cell() {
    let batch = batch(vec![
        ("a|b", strings(&[Some("x|y"), Some("two\nlines"), Some("<redacted>"), None])),
        ("n", Arc::new(Int64Array::from(vec![1, 2, 3, 4]))),
    ]);
    assert_eq!(
        text(&batch, OutputFormat::Markdown).await,
        "| a\\|b | n |\n| --- | ---: |\n| x\\|y | 1 |\n| two<br>lines | 2 |\n| \\<redacted> | 3 |\n| NULL | 4 |\n"
    );
}

#[tokio::test]
async fn tables_align_wide_characters_and_numbers() {
    let batch = batch(vec![
        ("name", strings(&[Some("web"), Some("日本"), None])),
        ("count", Arc::new(Int64Array::from(vec![Some(5), Some(-1200), None]))),
    ]);
    assert_eq!(
        text(&batch, OutputFormat::Table).await,
        "\
+------+-------+
| name | count |
+------+-------+
| web  |     5 |
| 日本 | -1200 |
| NULL |  NULL |
+------+-------+
"
    );
}

#[tokio::test]
async fn hostile_text_cannot_drive_the_terminal() {
    let hostile = "\u{1b}[2J\u{1b}]0;owned\u{7}\r\n\u{9b}31m\u{202e}abc\u{2066}\u{7f}\0\u{8}";
    let batch = batch(vec![("\u{1b}[31mname", strings(&[Some(hostile), Some("fine")]))]);
    for format in [OutputFormat::Table, OutputFormat::Vertical, OutputFormat::Markdown] {
        let text = text(&batch, format).await;
        assert!(!text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}' || c == '\u{2066}'), "{text:?}");
        assert!(text.contains("\\u{1b}[2J"), "{text}");
    }
    // A newline in data must not look like another row.
    assert_eq!(text(&batch, OutputFormat::Table).await.lines().count(), 6);
}

#[tokio::test]
async fn a_plan_keeps_its_lines() {
    let batch =
        batch(vec![("plan_type", strings(&[Some("logical_plan")])), ("plan", strings(&[Some("Projection: a\n  TableScan: t\u{1b}\n")]))]);
    assert_eq!(
        text(&batch, OutputFormat::Table).await,
        "\
+--------------+----------------------+
| plan_type    | plan                 |
+--------------+----------------------+
| logical_plan | Projection: a        |
|              |   TableScan: t\\u{1b} |
+--------------+----------------------+
"
    );
}

#[tokio::test]
async fn tables_are_cut_to_a_terminal_only() {
    let long = "x".repeat(100);
    let columns = ["a", "b", "c"].map(|name| (name, strings(&[Some(&long)])));
    let batch = batch(columns.to_vec());
    let piped = text(&batch, OutputFormat::Table).await;
    assert!(piped.contains(&long));

    for (width, hidden) in [(80, 0), (70, 0), (69, 1), (46, 2), (10, 2)] {
        let terminal = OutputOptions { terminal_width: Some(width), ..options(OutputFormat::Table) };
        let (out, count) = write_with(&batch, &terminal).await;
        let out = String::from_utf8(out).unwrap();
        assert_eq!(count.hidden_columns, hidden, "{width}\n{out}");
        assert_eq!(count.notice().is_some(), hidden > 0);
        assert!(out.lines().all(|line| line.chars().count() <= width), "{width}\n{out}");
        assert!(out.contains('…'));
    }
}

#[tokio::test]
async fn formats_for_people_stop_at_the_limit_and_say_so() {
    let batch = batch(vec![("n", Arc::new(Int64Array::from(vec![1, 2, 3])))]);
    for format in ALL_FORMATS {
        for (max_rows, rows, more) in [(2, 2, true), (3, 3, false), (0, 0, true)] {
            let options = OutputOptions { max_rows, ..options(format) };
            let (_, count) = write_with(&batch, &options).await;
            let expected = if format.is_for_people() { (rows, more) } else { (3, false) };
            assert_eq!((count.rows, count.more), expected, "{format:?} {max_rows}");
            assert_eq!(count.notice().is_some(), count.more);
        }
    }
}

#[tokio::test]
async fn the_query_ends_once_the_limit_is_reached() {
    let one = batch(vec![("n", Arc::new(Int64Array::from(vec![1])))]);
    let endless = stream::repeat_with({
        let one = one.clone();
        move || Ok(one.clone())
    });
    let stream: SendableRecordBatchStream = Box::pin(RecordBatchStreamAdapter::new(one.schema(), endless));
    let mut out = Vec::new();
    let count = write_results(stream, &options(OutputFormat::Table), &mut out).await.unwrap();
    assert_eq!(count.rows, DEFAULT_MAX_ROWS as u64);
    assert!(count.more);
}

#[tokio::test]
async fn repeated_column_names_work_everywhere() {
    let n: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let schema = Schema::new(["id", "id:1", "id", "id"].map(|name| Field::new(name, DataType::Int64, false)).to_vec());
    let batch = RecordBatch::try_new(Arc::new(schema), vec![n; 4]).unwrap();
    for format in ALL_FORMATS {
        let (out, count) = write_with(&batch, &options(format)).await;
        assert_eq!(count.rows, 1, "{format:?}");
        match format {
            OutputFormat::Ndjson => {
                assert_eq!(out, b"{\"id\":1,\"id:1\":1,\"id:2\":1,\"id:3\":1}\n");
            }
            OutputFormat::Csv => assert_eq!(out, b"id,id:1,id,id\n1,1,1,1\n"),
            OutputFormat::Parquet => {
                let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(out)).unwrap();
                let schema = Arc::clone(reader.schema());
                let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
                assert_eq!(names, ["id", "id:1", "id:2", "id:3"]);
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_failing_query_writes_nothing_before_its_first_row() {
    let schema = all_types().schema();
    for format in ALL_FORMATS {
        let failure = vec![Err(DataFusionError::Execution("no".to_owned()))];
        let mut out = Vec::new();
        let result = write_results(stream_of(Arc::clone(&schema), failure), &options(format), &mut out).await;
        assert!(matches!(result, Err(OutputError::Query(_))));
        assert!(out.is_empty(), "{format:?}");
    }
}

#[tokio::test]
async fn a_json_array_stays_open_when_the_query_fails_half_way() {
    let one = batch(vec![("n", Arc::new(Int64Array::from(vec![1])))]);
    let batches = vec![Ok(one.clone()), Err(DataFusionError::Execution("no".to_owned()))];
    let mut out = Vec::new();
    let stream = stream_of(one.schema(), batches);
    write_results(stream, &options(OutputFormat::Json), &mut out).await.unwrap_err();
    assert_eq!(out, b"[{\"n\":1}");
}

#[tokio::test]
async fn a_statement_without_columns_writes_nothing() {
    let schema = Arc::new(Schema::empty());
    for format in ALL_FORMATS {
        let mut out = Vec::new();
        let stream = stream_of(Arc::clone(&schema), vec![]);
        let count = write_results(stream, &options(format), &mut out).await.unwrap();
        assert!(out.is_empty() && !count.has_columns);
    }
}

#[tokio::test]
async fn binary_formats_refuse_a_terminal() {
    for format in [OutputFormat::Parquet, OutputFormat::Arrow] {
        let options = OutputOptions { terminal_width: Some(80), ..options(format) };
        let mut out = Vec::new();
        let stream = stream_of(all_types().schema(), vec![Ok(all_types())]);
        let error = write_results(stream, &options, &mut out).await.unwrap_err();
        assert!(matches!(error, OutputError::BinaryToTerminal(_)), "{error}");
    }
}

/// Accepts so many bytes, then fails.
struct Limited(usize, io::ErrorKind);

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 < bytes.len() {
            return Err(self.1.into());
        }
        self.0 -= bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_reader_that_left_is_no_error_but_a_full_disk_is() {
    let one = batch(vec![("n", Arc::new(Int64Array::from(vec![1])))]);
    for format in ALL_FORMATS {
        let endless = stream::repeat_with({
            let one = one.clone();
            move || Ok(one.clone())
        });
        // The binary formats hold a row group before they write, so they get an end.
        let stream: SendableRecordBatchStream = if format == OutputFormat::Parquet {
            stream_of(one.schema(), vec![Ok(one.clone())])
        } else {
            Box::pin(RecordBatchStreamAdapter::new(one.schema(), endless))
        };
        let mut gone = Limited(2, io::ErrorKind::BrokenPipe);
        write_results(stream, &options(format), &mut gone).await.unwrap();

        let mut full = Limited(2, io::ErrorKind::StorageFull);
        let stream = stream_of(one.schema(), vec![Ok(one.clone())]);
        let error = write_results(stream, &options(format), &mut full).await.unwrap_err();
        assert!(matches!(error, OutputError::Write(_)), "{format:?} {error}");
    }
}

#[test]
fn the_all_types_batch_holds_what_its_name_says() {
    let batch = all_types();
    let schema = batch.schema();
    let has = |data_type: DataType| schema.fields().iter().any(|f| f.data_type() == &data_type);
    assert!(has(DataType::Interval(IntervalUnit::MonthDayNano)));
    assert!(has(DataType::Null));
}

#[test]
fn durations_read_as_days_and_hours() {
    let (second, micro, nano) = (TimeUnit::Second, TimeUnit::Microsecond, TimeUnit::Nanosecond);
    let cases = [
        (0, second, "00:00:00"),
        (90, second, "00:01:30"),
        (86_400, second, "1 day 00:00:00"),
        (734_404, second, "8 days 12:00:04"),
        (-734_404, second, "-8 days -12:00:04"),
        (-1, second, "-00:00:01"),
        (1_500_000, micro, "00:00:01.5"),
        (-1, nano, "-00:00:00.000000001"),
        (i64::MIN, second, "-106751991167300 days -15:30:08"),
    ];
    for (value, unit, expected) in cases {
        assert_eq!(text::duration_text(value, unit), expected);
    }
}
