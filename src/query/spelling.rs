//! What PostgreSQL takes and DataFusion's planner does not, spelled as what it takes, when a statement is read: functions in
//! FROM, and in SELECT, that make rows of JSON; casts to JSON and to addresses; `LIKE ANY`; aggregates that make JSON; and
//! PostgreSQL's templates of times.

use std::collections::HashSet;
use std::ops::ControlFlow;

use datafusion::execution::SessionState;
use datafusion::sql::parser::{CopyToSource, CopyToStatement, Statement as DFStatement};
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DataType, Expr as SqlExpr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName, Select,
    SelectItem, SetExpr, Statement, TableAlias, TableFactor, Value, VisitMut, VisitorMut,
};

use super::dialect::parser;
use super::functions::{AS_JSON, ELEMENTS_TEXT, NAMES, VALUES, VALUES_TEXT, regex_of_similar, strftime};

/// A list of the elements of a JSON array, as JSON: of the library of JSON functions.
const ELEMENTS: &str = "json_get_array";

/// A function of PostgreSQL that makes rows of JSON.
struct RowsOf {
    name: &'static str,
    /// Its columns, each with the function that makes a list of what is in it.
    columns: &'static [(&'static str, &'static str)],
}

/// All of them; each has a twin without the `b`.
const ROWS_OF: [RowsOf; 5] = [
    RowsOf { name: "jsonb_array_elements", columns: &[("value", ELEMENTS)] },
    RowsOf { name: "jsonb_array_elements_text", columns: &[("value", ELEMENTS_TEXT)] },
    RowsOf { name: "jsonb_object_keys", columns: &[("jsonb_object_keys", NAMES)] },
    RowsOf { name: "jsonb_each", columns: &[("key", NAMES), ("value", VALUES)] },
    RowsOf { name: "jsonb_each_text", columns: &[("key", NAMES), ("value", VALUES_TEXT)] },
];
/// Outside FROM the library has it: a list.
const OF_LIBRARY: &str = "json_object_keys";

fn rows_of(name: &ObjectName) -> Option<&'static RowsOf> {
    let name = name.to_string().to_ascii_lowercase();
    let with_b = name.strip_prefix("json_").map_or_else(|| name.clone(), |rest| format!("jsonb_{rest}"));
    ROWS_OF.iter().find(|function| function.name == with_b)
}

/// The rows that a list of this function makes of an argument.
fn unnest(list: &str, argument: &FunctionArg) -> String {
    let elements = format!("unnest({list}({argument}))");
    // An unnested list does not tell that its elements are JSON.
    if [ELEMENTS, VALUES].contains(&list) { format!("{AS_JSON}({elements})") } else { elements }
}

/// What makes the list of which a function in SELECT makes rows.
fn list_of(name: &ObjectName) -> Option<&'static str> {
    match rows_of(name).filter(|_| !name.to_string().eq_ignore_ascii_case(OF_LIBRARY))?.columns {
        [(_, list)] => Some(list),
        _ => None,
    }
}

/// Spells out a statement, by the functions that a session knows.
pub(super) fn spell_out(statement: &mut DFStatement, state: &SessionState) {
    let mut spelling = SpellOut { state, elements: Vec::new() };
    each_part(statement, &mut spelling);
    if !spelling.elements.is_empty() {
        each_part(statement, &mut Values(spelling.elements));
    }
}

/// Shows a visitor the parts of a statement that hold expressions.
pub(super) fn each_part<V: VisitorMut<Break = ()>>(statement: &mut DFStatement, visitor: &mut V) {
    let _ = match statement {
        DFStatement::Statement(statement) => VisitMut::visit(statement, visitor),
        DFStatement::CopyTo(CopyToStatement { source: CopyToSource::Query(query), .. }) => VisitMut::visit(query, visitor),
        DFStatement::Explain(explain) => return each_part(&mut explain.statement, visitor),
        DFStatement::CopyTo(_) | DFStatement::CreateExternalTable(_) | DFStatement::Reset(_) => return,
    };
}

struct SpellOut<'a> {
    state: &'a SessionState,
    /// The names that elements of arrays were given.
    elements: Vec<Ident>,
}

impl VisitorMut for SpellOut<'_> {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        for item in &mut select.projection {
            if let SelectItem::UnnamedExpr(SqlExpr::Function(function)) = item {
                let alias = list_of(&function.name).map(|_| Ident::new(function.name.to_string()));
                if let Some(alias) = alias {
                    named(item, alias);
                }
            }
        }
        tell_apart(&mut select.projection);
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        let spelled = match factor {
            TableFactor::Table { name, alias, args: Some(args), with_ordinality, .. } => {
                self.in_from(name, &args.args, alias.as_ref(), *with_ordinality)
            }
            TableFactor::Function { name, args, alias, with_ordinality, .. } => self.in_from(name, args, alias.as_ref(), *with_ordinality),
            TableFactor::UNNEST { alias, array_exprs, with_offset: false, with_ordinality: false, .. } => {
                let [list] = array_exprs.as_slice() else { return ControlFlow::Continue(()) };
                let table = alias.as_ref().map_or_else(|| "unnest".to_owned(), |alias| alias.name.to_string());
                from_made(vec![(table.clone(), format!("unnest({list})"))], &table, alias.as_ref())
            }
            _ => None,
        };
        if let Some(spelled) = spelled {
            *factor = spelled;
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut SqlExpr) -> ControlFlow<()> {
        let spelled = match expr {
            SqlExpr::Cast { expr: cast, data_type, .. } => cast_to(cast, data_type),
            SqlExpr::Like { any: true, .. } | SqlExpr::ILike { any: true, .. } => like_any(expr),
            SqlExpr::Function(function) => call(function),
            SqlExpr::SimilarTo { negated, expr, pattern, escape_char: None } => similar(*negated, expr, pattern),
            SqlExpr::Substring { expr, substring_from: Some(pattern), substring_for: None, .. } => {
                text_of(pattern).and_then(|_| expression(&format!("regexp_match({expr}, {pattern})[1]")))
            }
            _ => None,
        };
        if let Some(spelled) = spelled {
            *expr = spelled;
        }
        ControlFlow::Continue(())
    }
}

impl SpellOut<'_> {
    /// Whether a function makes a value of a row, and no rows.
    fn is_of_a_row(&self, name: &str) -> bool {
        self.state.scalar_functions().contains_key(name) && !self.state.table_functions().contains_key(name)
    }

    /// The lateral subquery that a call in FROM stands for.
    fn in_from(&mut self, name: &ObjectName, args: &[FunctionArg], alias: Option<&TableAlias>, ordinality: bool) -> Option<TableFactor> {
        let called = name.to_string();
        let table = alias.map_or_else(|| called.clone(), |alias| alias.name.to_string());
        let columns: Vec<(String, String)> = if let Some(rows) = rows_of(name) {
            let [argument] = args else { return None };
            if let ([("value", _)], Some(alias)) = (rows.columns, alias.filter(|alias| alias.columns.is_empty())) {
                self.elements.push(alias.name.clone());
            }
            // As in PostgreSQL, the only column is named as the table is, if that has a name.
            let one = alias.filter(|_| rows.columns.len() == 1).map(|alias| alias.name.to_string());
            let made =
                rows.columns.iter().map(|(column, list)| (one.clone().unwrap_or_else(|| (*column).to_owned()), unnest(list, argument)));
            let places = ordinality.then(|| ("ordinality".to_owned(), format!("unnest(generate_series(1, json_length({argument})))")));
            made.chain(places).collect()
        } else if self.is_of_a_row(&called.to_ascii_lowercase()) && !ordinality {
            let args: Vec<String> = args.iter().map(ToString::to_string).collect();
            vec![(table.clone(), format!("{called}({})", args.join(", ")))]
        } else {
            return None;
        };
        from_made(columns, &table, alias)
    }
}

/// A lateral subquery of these columns: what each is called, unless the alias calls it something else, and how it is made.
fn from_made(mut columns: Vec<(String, String)>, table: &str, alias: Option<&TableAlias>) -> Option<TableFactor> {
    for (column, given) in columns.iter_mut().zip(alias.into_iter().flat_map(|alias| &alias.columns)) {
        column.0 = given.name.to_string();
    }
    let columns: Vec<String> = columns.into_iter().map(|(column, made)| format!("{made} AS {column}")).collect();
    let sql = format!("SELECT 1 FROM t CROSS JOIN LATERAL (SELECT {}) AS {table}", columns.join(", "));
    let DFStatement::Statement(statement) = parser(&sql).ok()?.parse_statement().ok()? else { return None };
    let Statement::Query(query) = *statement else { return None };
    let SetExpr::Select(select) = *query.body else { return None };
    Some(select.from.into_iter().next()?.joins.into_iter().next()?.relation)
}

/// Writes `e.value` as `e.e`: the one column of a table of elements is named as the table is.
struct Values(Vec<Ident>);

impl Values {
    fn spelled(&self, expr: &SqlExpr) -> Option<SqlExpr> {
        let SqlExpr::CompoundIdentifier(parts) = expr else { return None };
        let [table, column] = parts.as_slice() else { return None };
        let is_ours = column.value.eq_ignore_ascii_case("value") && self.0.iter().any(|name| name.value.eq_ignore_ascii_case(&table.value));
        is_ours.then(|| SqlExpr::CompoundIdentifier(vec![table.clone(), table.clone()]))
    }
}

impl VisitorMut for Values {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        for item in &mut select.projection {
            if matches!(item, SelectItem::UnnamedExpr(expr) if self.spelled(expr).is_some()) {
                named(item, Ident::new("value"));
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut SqlExpr) -> ControlFlow<()> {
        if let Some(spelled) = self.spelled(expr) {
            *expr = spelled;
        }
        ControlFlow::Continue(())
    }
}

/// Names columns that would be named as one before them is: PostgreSQL takes that, DataFusion does not. A cast names nothing.
fn tell_apart(items: &mut [SelectItem]) {
    let mut names: HashSet<String> = HashSet::new();
    for item in items {
        let (name, written) = match item {
            SelectItem::UnnamedExpr(expr) => (uncast(expr).to_string(), expr.to_string()),
            SelectItem::ExprWithAlias { alias, .. } => (alias.value.clone(), alias.value.clone()),
            _ => continue,
        };
        if names.insert(name) {
            continue;
        }
        // As it is written, if that is something else, else with a number.
        let mut others = std::iter::once(written.clone()).chain((2..=names.len() + 2).map(|nth| format!("{written} {nth}")));
        let other = others.find(|other| !names.contains(other)).unwrap_or(written);
        names.insert(other.clone());
        let alias = Ident::with_quote('"', other);
        match item {
            SelectItem::ExprWithAlias { alias: given, .. } => *given = alias,
            unnamed => named(unnamed, alias),
        }
    }
}

/// An expression without the casts around it.
fn uncast(expr: &SqlExpr) -> &SqlExpr {
    match expr {
        SqlExpr::Cast { expr, .. } | SqlExpr::Nested(expr) => uncast(expr),
        other => other,
    }
}

fn named(item: &mut SelectItem, alias: Ident) {
    if let SelectItem::UnnamedExpr(expr) = item {
        let expr = std::mem::replace(expr, SqlExpr::value(Value::Null));
        *item = SelectItem::ExprWithAlias { expr, alias };
    }
}

/// Text is JSON already, and is made an address by a function.
fn cast_to(cast: &mut Box<SqlExpr>, data_type: &DataType) -> Option<SqlExpr> {
    match data_type {
        DataType::JSON | DataType::JSONB => Some(SqlExpr::Nested(std::mem::replace(cast, Box::new(SqlExpr::value(Value::Null))))),
        DataType::Custom(name, _) => {
            let name = name.to_string().to_ascii_lowercase();
            matches!(name.as_str(), "inet" | "cidr").then(|| expression(&format!("{name}({cast})")))?
        }
        _ => None,
    }
}

/// `x LIKE ANY (ARRAY[a, b])`: `x LIKE a OR x LIKE b`.
fn like_any(expr: &SqlExpr) -> Option<SqlExpr> {
    let (SqlExpr::Like { pattern, .. } | SqlExpr::ILike { pattern, .. }) = expr else { return None };
    let mut patterns = pattern.as_ref();
    while let SqlExpr::Nested(inner) = patterns {
        patterns = inner;
    }
    let SqlExpr::Array(patterns) = patterns else { return None };
    let each = patterns.elem.iter().map(|one| {
        let mut like = expr.clone();
        if let SqlExpr::Like { any, pattern, .. } | SqlExpr::ILike { any, pattern, .. } = &mut like {
            *any = false;
            **pattern = one.clone();
        }
        like
    });
    let any = each.reduce(|left, right| SqlExpr::BinaryOp { left: Box::new(left), op: BinaryOperator::Or, right: Box::new(right) })?;
    Some(SqlExpr::Nested(Box::new(any)))
}

/// `x SIMILAR TO 'a%'` is about all of a text, and its letters mean other things than those of regular expressions.
fn similar(negated: bool, expr: &SqlExpr, pattern: &SqlExpr) -> Option<SqlExpr> {
    let regex = Value::SingleQuotedString(regex_of_similar(text_of(pattern)?));
    expression(&format!("({expr}) {} {regex}", if negated { "!~" } else { "~" }))
}

/// The text of a literal.
fn text_of(expr: &SqlExpr) -> Option<&str> {
    match expr {
        SqlExpr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// A call outside FROM.
fn call(function: &mut Function) -> Option<SqlExpr> {
    let name = function.name.to_string().to_ascii_lowercase();
    let FunctionArguments::List(list) = &mut function.args else { return None };
    match (name.as_str(), list.args.as_mut_slice()) {
        ("jsonb_agg" | "json_agg", [argument]) => {
            let item = format!("to_jsonb({argument})");
            of_array_agg(function, &item, "json_of_list")
        }
        ("jsonb_object_agg" | "json_object_agg", [name, value]) => {
            let item = format!("jsonb_build_array({name}, {value})");
            of_array_agg(function, &item, "json_of_pairs")
        }
        ("age", [since]) => expression(&format!("age(current_date, {since})")),
        ("to_char", [_, FunctionArg::Unnamed(FunctionArgExpr::Expr(SqlExpr::Value(format)))]) => {
            if let Value::SingleQuotedString(template) = &mut format.value {
                *template = strftime(template);
            }
            None
        }
        (_, [argument]) => expression(&unnest(list_of(&function.name)?, argument)),
        _ => None,
    }
}

/// An aggregate as what a function makes of an array of all items.
fn of_array_agg(function: &mut Function, item: &str, make: &str) -> Option<SqlExpr> {
    let item = expression(item)?;
    if let FunctionArguments::List(list) = &mut function.args {
        list.args = vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(item))];
    }
    function.name = ObjectName::from(vec![Ident::new("array_agg")]);
    expression(&format!("{make}({function})"))
}

/// An expression of SQL that is known to be one.
pub(super) fn expression(sql: &str) -> Option<SqlExpr> {
    parser(sql).ok()?.parse_expr().ok().map(|expr| expr.expr)
}
