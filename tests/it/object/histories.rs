//! Random histories in buckets: every answer is the naive oracle's, whatever was running when a process stopped.

use std::sync::Arc;

use elava::store::Backend;

use super::servers::{Server, TestBucket};
use crate::model;
use crate::oracle::history::{Op, Shape, from_seed};
use crate::support::driver::{Driver, check_recovery};
use crate::support::fault_proxy::{Fault, FaultProxy, Rule};

/// Every so manieth write is one at which a process stops.
const STEP: usize = 7;

/// A runtime of its own for each process, which ends with it.
fn process() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn bucket(server: &'static Server) -> TestBucket {
    process().block_on(server.bucket())
}

#[test]
fn histories_of_several_writers_answer_as_the_oracle_does() {
    for server in Server::both() {
        for seed in [1, 4] {
            let ops = from_seed(seed, &Shape::overlapping()).ops();
            let bucket = bucket(server);
            process().block_on(model::check(bucket.backend(), &ops, &[1, 7, 13, 29]));
        }
    }
}

/// A process stops at a write, before or after it lands; another goes on.
#[test]
fn a_process_that_stops_at_any_write_loses_nothing_that_was_acknowledged() {
    let mut ops = from_seed(8, &Shape { writers: 2, steps: 8..9, lifts: true }).ops();
    ops.extend([Op::Compact, Op::Compact]);
    for server in Server::both() {
        let proxy = FaultProxy::before(&server.endpoint);
        let writes = writes(&bucket(server), &proxy, &ops);
        assert!(writes > 20, "{writes}");
        for at in (0..writes).step_by(STEP) {
            let landed = at % 2 == 0;
            let bucket = bucket(server);
            let fault = Fault::Stopped { landed };
            proxy.rules(&[Rule { method: "PUT", path: "", skip: at, times: 1, fault }]);
            let acknowledged = until_it_stops(&bucket, &proxy, &ops);
            proxy.rules(&[]);
            let outcome = process().block_on(check_recovery(bucket.backend(), &ops, acknowledged, true));
            outcome
                .unwrap_or_else(|error| panic!("{}, stopped at write {at} ({landed}), after {acknowledged} steps: {error}", server.name));
        }
    }
}

/// How many requests a history makes that write.
fn writes(bucket: &TestBucket, proxy: &FaultProxy, ops: &[Op]) -> usize {
    proxy.rules(&[]);
    proxy.requests();
    process().block_on(async {
        let mut driver = Driver::new(bucket.backend_at(proxy.endpoint()) as Arc<dyn Backend>);
        for op in ops {
            driver.insist(op).await;
        }
    });
    proxy.requests().iter().filter(|request| request.starts_with("PUT ")).count()
}

/// How many steps were acknowledged when the process stopped.
fn until_it_stops(bucket: &TestBucket, proxy: &FaultProxy, ops: &[Op]) -> usize {
    let runtime = process();
    let mut acknowledged = 0;
    runtime.block_on(async {
        let mut driver = Driver::new(bucket.backend_at(proxy.endpoint()) as Arc<dyn Backend>);
        let play = async {
            for op in ops {
                driver.insist(op).await;
                acknowledged += 1;
            }
        };
        tokio::select! {
            () = play => panic!("the process never stopped"),
            () = proxy.stopped() => {}
        }
    });
    // What it still had in hand is gone before the proxy hands anything on again.
    runtime.shutdown_timeout(std::time::Duration::from_secs(60));
    acknowledged
}
