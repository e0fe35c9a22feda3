//! What is known of a daemon, in the text format of Prometheus.

use std::fmt::{Display, Write};

use super::board::{JobSeen, Seen, TargetSeen};
use crate::model::Timestamp;

/// What such text is.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All metrics.
pub fn text(seen: &Seen, is_well: bool) -> String {
    let mut page = Page(String::new());
    page.family("elava_build_info", "gauge", "The version of Elava.");
    page.sample("elava_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    page.family("elava_up", "gauge", "Whether the daemon is well: as /healthz.");
    page.sample("elava_up", &[], u8::from(is_well));
    page.family("elava_head_revision", "gauge", "The newest revision of the store.");
    page.sample("elava_head_revision", &[], seen.head);
    page.jobs(seen);
    page.family("elava_scans_total", "counter", "Scans by this process, by how they ended.");
    seen.scans.iter().for_each(|(status, count)| page.sample("elava_scans_total", &[("status", status)], count));
    page.family("elava_findings_open", "gauge", "Open findings by severity.");
    seen.findings.iter().for_each(|(severity, count)| page.sample("elava_findings_open", &[("severity", severity)], count));
    page.targets(seen);
    page.0
}

struct Page(String);

/// A number of a job, if it has one.
type OfJob = fn(&JobSeen) -> Option<f64>;

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> = labels.iter().map(|(label, text)| format!("{label}=\"{}\"", escaped(text))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }

    fn jobs(&mut self, seen: &Seen) {
        let (runs, duration) = ("elava_job_runs_total", "elava_job_duration_seconds");
        self.family(runs, "counter", "Runs by this process, by how they ended.");
        for (name, job) in &seen.jobs {
            for (outcome, count) in [("ok", job.ok), ("failed", job.failed), ("given_back", job.given_back)] {
                self.sample(runs, &[("job", name), ("outcome", outcome)], count);
            }
        }
        self.family(duration, "summary", "How long runs took.");
        for (name, job) in &seen.jobs {
            self.sample(&format!("{duration}_sum"), &[("job", name)], job.seconds);
            self.sample(&format!("{duration}_count"), &[("job", name)], job.ok + job.failed);
        }
        let gauges: [(&str, &str, OfJob); 5] = [
            ("elava_job_running", "Whether this process is doing the job.", |job| Some(f64::from(u8::from(job.is_running)))),
            ("elava_job_last_duration_seconds", "How long the newest run took.", |job| job.last_seconds),
            ("elava_job_last_end_timestamp_seconds", "When a run last ended, by any daemon.", |job| job.last_end.map(seconds)),
            ("elava_job_last_success_timestamp_seconds", "When a run last ended well.", |job| job.last_success.map(seconds)),
            ("elava_job_next_start_timestamp_seconds", "When the job starts next.", |job| job.next.map(|due| seconds(due.start))),
        ];
        for (name, help, value) in gauges {
            self.family(name, "gauge", help);
            seen.jobs.iter().for_each(|(job, known)| value(known).into_iter().for_each(|value| self.sample(name, &[("job", job)], value)));
        }
    }

    fn targets(&mut self, seen: &Seen) {
        let name = "elava_notifications_total";
        self.family(name, "counter", "Messages by what became of them: a failed one is tried again, a dropped one had to make room.");
        for (target, known) in &seen.targets {
            let TargetSeen { delivered, failed, refused, dropped, .. } = *known;
            for (outcome, count) in [("delivered", delivered), ("failed", failed), ("refused", refused), ("dropped", dropped)] {
                self.sample(name, &[("target", target), ("outcome", outcome)], count);
            }
        }
        self.family("elava_outbox_messages", "gauge", "Messages that wait to be delivered.");
        seen.targets.iter().for_each(|(target, known)| self.sample("elava_outbox_messages", &[("target", target)], known.waiting));
    }
}

fn seconds(time: Timestamp) -> f64 {
    time.micros() as f64 / 1e6
}

/// The value of a label.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
