//! Progress bars: on a terminal only. Elsewhere talk is lines, and none of them is about progress.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::printer::Printer;

/// A bar, or nothing.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    printer: Printer,
}

impl Progress {
    /// A bar for something that has a size, which may become known later.
    pub fn bytes(printer: Printer, what: &'static str) -> Self {
        let bar = Self::bar(printer);
        let style = ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes} {eta}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(what);
        Self { bar, printer }
    }

    /// A sign of life for something whose length nobody knows.
    pub fn spinner(printer: Printer, what: &'static str) -> Self {
        let bar = Self::bar(printer);
        bar.set_style(ProgressStyle::default_spinner());
        bar.set_message(what);
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar, printer }
    }

    fn bar(printer: Printer) -> ProgressBar {
        let target = if printer.talks_to_terminal() { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() };
        ProgressBar::with_draw_target(Some(0), target)
    }

    /// How far it is.
    pub fn set(&self, position: u64, total: Option<u64>) {
        if let Some(total) = total {
            self.bar.set_length(total);
        }
        self.bar.set_position(position);
    }

    /// Says something above the bar.
    pub fn say(&self, text: &str) {
        self.bar.suspend(|| self.printer.say(text));
    }

    /// Warns above the bar.
    pub fn warn(&self, text: &str) {
        self.bar.suspend(|| self.printer.warn(text));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
