use std::collections::VecDeque;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use async_trait::async_trait;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::future::BoxFuture;
use tokio::sync::Notify;

use super::highlight::highlight;
use super::*;

/// A plain DataFusion session. A statement with `ctrl-c` in it is interrupted once it begins; `select hang` never ends.
struct Engine {
    context: SessionContext,
    pin: Option<String>,
    interrupts: Interrupt,
}

impl Engine {
    async fn new() -> Self {
        let context = SessionContext::new_with_config(SessionConfig::new().with_information_schema(true));
        let table = "CREATE VIEW resources AS SELECT * FROM (VALUES ('i-1', 1), ('i-2', 2)) t(id, revision)";
        context.sql(table).await.unwrap().collect().await.unwrap();
        Self { context, pin: None, interrupts: Interrupt::default() }
    }
}

#[async_trait]
impl Shell for Engine {
    async fn execute(&mut self, statement: &str) -> Result<SendableRecordBatchStream, ShellError> {
        if statement.contains("ctrl-c") {
            self.interrupts.0.notify_waiters();
        }
        if statement.contains("hang") {
            let schema = Arc::new(Schema::new(vec![Field::new("x", DataType::Int64, true)]));
            let never = futures::stream::pending();
            return Ok(Box::pin(RecordBatchStreamAdapter::new(schema, never)));
        }
        let refused = |error: datafusion::error::DataFusionError| ShellError {
            message: error.strip_backtrace(),
            hint: Some("look again".to_owned()),
        };
        let frame = self.context.sql(statement).await.map_err(refused)?;
        frame.execute_stream().await.map_err(refused)
    }

    async fn pin(&mut self, point: Option<&str>) -> Result<(), ShellError> {
        if point == Some("nowhere") {
            return Err(ShellError::new("no such point"));
        }
        self.pin = point.map(str::to_owned);
        Ok(())
    }

    fn pinned(&self) -> Option<String> {
        self.pin.clone()
    }

    fn names(&self) -> Names {
        let columns = vec!["id".to_owned(), "revision".to_owned()];
        Names {
            relations: vec![Relation { name: "resources".to_owned(), columns, is_function: false }],
            functions: vec!["count".to_owned()],
        }
    }
}

/// Types the lines of a script; notes the prompts and what is to be remembered.
#[derive(Default)]
struct Script {
    inputs: VecDeque<Input>,
    prompts: Vec<String>,
    remembered: Vec<String>,
    names: Names,
}

impl Editor for Script {
    fn read_line(&mut self, prompt: &str, _pending: &str) -> io::Result<Input> {
        self.prompts.push(prompt.to_owned());
        Ok(self.inputs.pop_front().unwrap_or(Input::End))
    }

    fn remember(&mut self, statement: &str) {
        self.remembered.push(statement.to_owned());
    }

    fn set_names(&mut self, names: Names) {
        self.names = names;
    }

    fn terminal_width(&mut self) -> Option<usize> {
        Some(80)
    }
}

/// The interrupts that an engine plays; one that nobody waits for is lost, as a signal is.
#[derive(Clone, Default)]
struct Interrupt(Arc<Notify>);

impl Interrupts for Interrupt {
    fn interrupted(&mut self) -> BoxFuture<'static, ()> {
        Box::pin(Arc::clone(&self.0).notified_owned())
    }
}

struct Session {
    out: String,
    err: String,
    editor: Script,
}

async fn session_of(inputs: Vec<Input>) -> Session {
    let mut engine = Engine::new().await;
    let mut interrupts = engine.interrupts.clone();
    let mut editor = Script { inputs: inputs.into(), ..Script::default() };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let console = Console { out: &mut out, err: &mut err, interrupts: &mut interrupts };
    run_repl(&mut engine, &mut editor, console, ScriptOptions::default()).await.unwrap();
    Session { out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap(), editor }
}

async fn session(lines: &[&str]) -> Session {
    session_of(lines.iter().map(|line| Input::Line((*line).to_owned())).collect()).await
}

#[tokio::test]
async fn a_statement_may_take_several_lines() {
    let session = session(&["", "select 'a;", "b' as x, (1", ") as n;", "select 2 as m;"]).await;
    assert_eq!(
        session.out,
        "\
+-------+---+
| x     | n |
+-------+---+
| a;\\nb | 1 |
+-------+---+
+---+
| m |
+---+
| 2 |
+---+
"
    );
    assert_eq!(session.err, "(1 row)\n(1 row)\n");
    let prompts = ["elava> ", "elava> ", "  ...> ", "  ...> ", "elava> ", "elava> "];
    assert_eq!(session.editor.prompts, prompts);
    assert_eq!(session.editor.remembered, ["select 'a;\nb' as x, (1\n) as n;", "select 2 as m;"]);
}

#[tokio::test]
async fn several_statements_on_a_line_run_until_one_fails() {
    let session = session(&["select 1 as a; select nope; select 3 as c;", "select 4 as d;"]).await;
    assert!(session.out.contains("| a |") && session.out.contains("| d |"));
    assert!(!session.out.contains("| c |"));
    assert!(session.err.contains("error: ") && session.err.contains("nope"), "{}", session.err);
    assert!(session.err.contains("hint: look again\n"));
}

#[tokio::test]
async fn ctrl_c_at_the_prompt_drops_what_was_typed() {
    let line = |text: &str| Input::Line(text.to_owned());
    let inputs = vec![line("select (1,"), Input::Interrupted, Input::Interrupted, line("select 5 as five;"), Input::End, line("select 6;")];
    let session = session_of(inputs).await;
    assert!(session.out.contains("five") && !session.out.contains('6'));
    assert_eq!(session.editor.prompts, ["elava> ", "  ...> ", "elava> ", "elava> ", "elava> "]);
    assert_eq!(session.editor.remembered, ["select 5 as five;"]);
}

#[tokio::test]
async fn ctrl_c_stops_the_query_and_not_the_shell() {
    let session = session(&["select hang 'ctrl-c'; select 1;", "\\q"]).await;
    assert_eq!((session.out.as_str(), session.err.as_str()), ("", "interrupted\n"));
    assert_eq!(session.editor.prompts.len(), 2);
}

#[tokio::test]
async fn ctrl_c_as_one_statement_ends_stops_those_after_it() {
    let session = session(&["select 'ctrl-c' as x; select hang; select 1;", "select 7 as seven;"]).await;
    assert!(session.err.contains("interrupted\n"), "{}", session.err);
    assert!(session.out.contains("seven") && !session.out.contains('1'), "{}", session.out);
}

#[tokio::test]
async fn the_pin_shows_in_the_prompt() {
    let session = session(&["\\asof 1234", "select", "1;", "\\asof nowhere", "\\asof", ".asof off"]).await;
    assert_eq!(
        session.editor.prompts,
        ["elava> ", "elava@1234> ", "       ...> ", "elava@1234> ", "elava@1234> ", "elava@1234> ", "elava> "]
    );
    assert_eq!(session.err, "as of 1234\n(1 row)\nerror: no such point\nas of 1234\nas of now\n");
}

#[tokio::test]
async fn formats_switches_and_limits_hold_for_what_follows() {
    let session = session(&[
        "\\format csv",
        "select id from resources order by id;",
        "\\x",
        "select id from resources order by id;",
        "\\x off",
        "\\maxrows 1",
        ".mode table",
        "select id from resources order by id;",
        "\\timing on",
        "select 1;",
    ])
    .await;
    assert!(session.out.starts_with("id\ni-1\ni-2\n-[ RECORD 1 ]-\nid | i-1\n"), "{}", session.out);
    assert!(session.err.contains("first 1 rows; more exist\n"), "{}", session.err);
    let time = session.err.lines().find(|line| line.starts_with("Time: ")).unwrap();
    assert!(time.ends_with(" ms"));
}

#[tokio::test]
async fn tables_columns_and_functions_are_listed() {
    let session = session(&["\\d", "\\d RESOURCES", "\\d resurces", "\\maxrows 3", "\\df", "\\dd"]).await;
    assert!(session.out.contains("| resources  | VIEW "), "{}", session.out);
    assert!(session.out.contains("| revision    | Int64 "), "{}", session.out);
    assert!(session.err.contains("error: unknown table `resurces`; did you mean `resources`?\n"));
    assert!(session.out.contains("| routine_name | "), "{}", session.out);
    assert!(session.err.contains("error: unknown command \\dd; did you mean"), "{}", session.err);
}

#[tokio::test]
async fn results_go_to_a_file_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("r.csv");
    let parquet = folder.path().join("r.parquet");
    let session = session(&[
        "\\format csv",
        &format!("\\o {}", csv.display()),
        "select 1 as a;",
        "select 2 as b;",
        "\\o",
        "select 3 as c;",
        "\\format parquet",
        "select 4 as d;",
        &format!("\\o '{}'", parquet.display()),
        "select 5 as e;",
        "\\format ndjson",
        "select 6 as f;",
        "\\o /nowhere/at/all",
    ])
    .await;
    assert_eq!(fs::read_to_string(csv).unwrap(), "a\n1\nb\n2\n");
    assert_eq!(session.out, "c\n3\n{\"f\":6}\n");
    assert!(fs::read(parquet).unwrap().ends_with(b"PAR1"));
    assert!(session.err.contains("not to a terminal"), "{}", session.err);
    assert!(session.err.contains("error: create /nowhere/at/all: "), "{}", session.err);
}

#[tokio::test]
async fn a_file_of_sql_runs_up_to_the_statement_that_fails() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s.sql");
    fs::write(&file, "\u{feff}select 1 as a;\n\n-- why\nselect nope;\nselect 3 as c;").unwrap();
    let session = session(&["\\format csv", &format!("\\i {}", file.display()), "\\i /none"]).await;
    assert_eq!(session.out, "a\n1\n");
    assert!(session.err.contains(&format!("stopped at {}, line 4\n", file.display())));
    assert!(session.err.contains("error: read /none: "));
}

#[tokio::test]
async fn help_is_talk_and_names_reach_the_editor() {
    let session = session(&["help", "\\?"]).await;
    assert!(session.out.is_empty());
    assert_eq!(session.err, help().repeat(2));
    assert!(session.editor.names.relation("resources").is_some());
}

#[tokio::test]
async fn errors_cannot_drive_the_terminal() {
    let session = session(&["select \"\u{1b}[2J\";"]).await;
    assert!(session.err.contains("\\u{1b}[2J"), "{}", session.err);
    assert!(!session.err.contains('\u{1b}'));
}

async fn script(text: &str, options: &ScriptOptions) -> (Result<(), ScriptError>, Vec<u8>, String) {
    let mut engine = Engine::new().await;
    let mut interrupts = engine.interrupts.clone();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console { out: &mut out, err: &mut err, interrupts: &mut interrupts };
    let result = run_script(&mut engine, text, options, &mut console).await;
    (result, out, String::from_utf8(err).unwrap())
}

fn script_options(format: OutputFormat) -> ScriptOptions {
    ScriptOptions { output: OutputOptions { format, ..OutputOptions::default() }, timing: false }
}

#[tokio::test]
async fn a_script_stops_at_its_first_error_and_names_the_line() {
    let options = script_options(OutputFormat::Json);
    let (result, out, err) = script("select 1 as a;\n\nselect nope;\nselect 2;", &options).await;
    assert_eq!(out, b"[{\"a\":1}]\n");
    assert!(err.is_empty());
    assert!(result.unwrap_err().to_string().starts_with("line 3: "));
    let (result, ..) = script("select 'ctrl-c'; select hang", &options).await;
    assert_eq!(result, Err(ScriptError::Interrupted));
}

#[tokio::test]
async fn errors_while_rows_arrive_carry_their_cause() {
    let options = script_options(OutputFormat::Csv);
    let (result, ..) = script("select 1 / (revision - 1) from resources", &options).await;
    let message = result.unwrap_err().to_string();
    assert!(message.contains("Divide by zero") || message.contains("DivideByZero"), "{message}");
}

#[tokio::test]
async fn statements_without_a_result_write_nothing_and_one_file_holds_one_result() {
    let set = "set datafusion.execution.batch_size = 100;";
    let (result, out, _) = script(set, &script_options(OutputFormat::Json)).await;
    assert_eq!((result, out), (Ok(()), Vec::new()));

    let options = script_options(OutputFormat::Parquet);
    let (result, out, _) = script(&format!("{set} select 1 as a;"), &options).await;
    assert_eq!(result, Ok(()));
    assert!(out.ends_with(b"PAR1"));
    let (result, ..) = script("select 1 as a;\nselect 2 as b;", &options).await;
    assert!(matches!(result, Err(ScriptError::Failed { line: 2, .. })), "{result:?}");
}

#[tokio::test]
async fn timing_is_a_line_per_statement_on_the_side_of_talk() {
    let options = ScriptOptions { timing: true, ..script_options(OutputFormat::Csv) };
    let (_, _, err) = script("select 1; select 2;", &options).await;
    let times = err.lines().filter(|line| line.starts_with("Time: ") && line.ends_with(" ms"));
    assert_eq!((times.count(), err.lines().count()), (2, 2));
}

#[test]
fn colour_changes_no_character() {
    let plain = |coloured: &str| {
        let mut parts = coloured.split('\u{1b}');
        let first = parts.next().unwrap().to_owned();
        first + &parts.map(|part| part.split_once('m').unwrap().1).collect::<String>()
    };
    for (pending, line) in [
        ("", "SELECT 'é', 12 FROM t -- note"),
        ("select 'open\n", "still' as x;"),
        ("select /* a\n", " b */ 1;"),
        ("select (\n", "1)"),
        ("", ""),
    ] {
        let coloured = highlight(pending, line);
        assert_eq!(plain(&coloured), line);
    }
    assert!(highlight("select 'open\n", "still' as x;").starts_with("\u{1b}[32mstill'\u{1b}[0m"));
    assert_eq!(highlight("", "name"), "name");
}

#[test]
fn the_history_is_the_owners_alone_and_keeps_no_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state/history");
    let options = EditorOptions { history: Some(path.clone()), color: false };
    let mut editor = TerminalEditor::new(options.clone()).unwrap();
    editor.remember("select 1\n+ 2;");
    editor.remember(" select 'secret';");
    drop(editor);
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    let kept = fs::read_to_string(&path).unwrap();
    assert!(kept.contains("select 1") && !kept.contains("secret"));

    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let mut editor = TerminalEditor::new(options).unwrap();
    editor.remember("select 3;");
    assert_eq!(mode(&path), 0o600);
    let kept = fs::read_to_string(&path).unwrap();
    assert!(kept.contains("select 1") && kept.contains("select 3"));
}
