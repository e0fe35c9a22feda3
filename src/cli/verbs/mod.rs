//! What the git-like verbs share. A verb asks one query, which it can print; its rows go out in any format, or as a page
//! for people that is made of them here.

pub mod bisection;
pub mod change;
pub mod filter;
pub mod pen;
pub mod pretty;
pub mod resource;
pub mod row;
pub mod rows;
pub mod sql;
pub mod stat;

use super::shell::StoreShell;
use crate::error::Result;
use crate::query::{Point, Resolved};

/// Where a point is.
///
/// # Errors
/// As [`Point::parse`] and [`Point::resolve`], with the place that the point was given at.
pub fn resolve(shell: &mut StoreShell, place: &str, point: &str) -> Result<Resolved> {
    let view = shell.session().view();
    Point::parse(point).and_then(|point| point.resolve(&view)).map_err(|error| error.context(place))
}
