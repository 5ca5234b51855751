//! Facts into records. A fact about a node that has ended, or about an earlier attempt at it, changes nothing.

use crate::observation::Observation;
use crate::reason::Reason;
use crate::run::{FlowStage, Run, Stage};
use crate::work::Work;
use tiphys_spec::{self as spec, NodePhase};

pub(crate) fn absorb(run: &mut Run, observation: Observation) {
    match observation {
        Observation::PodWaits { key, message } => {
            let Some(ix) = run
                .keyed(&key)
                .filter(|ix| run.phase_of(*ix) == NodePhase::Pending)
            else {
                return;
            };
            run.at_mut(ix).reason = Some(Reason::Pod {
                message: Some(message.clone()),
            });
            if run.node(ix).message.as_deref() != Some(&message) {
                run.edit(ix).message = Some(message);
            }
        }
        Observation::PodStarted {
            key,
            ready,
            ip,
            host,
            ..
        } => {
            let Some(ix) = run
                .keyed(&key)
                .filter(|ix| !run.phase_of(*ix).terminal() && run.at(*ix).pod)
            else {
                return;
            };
            if run.phase_of(ix) == NodePhase::Pending {
                let record = run.edit(ix);
                record.phase = Some(NodePhase::Running);
                record.message = None;
                run.work.push_back(Work::Running(ix));
            }
            if run.at(ix).doom.is_none() {
                run.at_mut(ix).reason = Some(Reason::Running);
            }
            if host.is_some() && run.node(ix).host_node_name != host {
                run.edit(ix).host_node_name = host;
            }
            if ready {
                if ip.is_some() && run.node(ix).pod_ip != ip {
                    run.edit(ix).pod_ip = ip;
                }
                run.work.push_back(Work::Ready(ix));
            }
        }
        Observation::PodProgress { key, progress } => {
            let Some(ix) = run.keyed(&key).filter(|ix| !run.phase_of(*ix).terminal()) else {
                return;
            };
            run.progressed(ix, progress);
        }
        Observation::PodFinished(done) => {
            let Some(ix) = run
                .keyed(&done.key)
                .filter(|ix| !run.phase_of(*ix).terminal() && run.at(*ix).pod)
            else {
                return;
            };
            run.work.push_back(Work::PodDone(ix, done));
        }
        Observation::ContainerChanged { key, name, state } => {
            if let Some(ix) = run.keyed(&key).filter(|ix| run.at(*ix).pod) {
                run.container_changed(ix, &name, state);
            }
        }
        Observation::PluginPending {
            key,
            round,
            at,
            state,
            message,
        } => {
            if let Some(ix) = run.keyed(&key).filter(|ix| run.calls(*ix, round)) {
                run.plugin_pending(ix, at, state, message);
            }
        }
        Observation::PluginPod { key, template } => {
            if let Some(ix) = run.keyed(&key).filter(|ix| run.at(*ix).pod) {
                run.work.push_back(Work::PluginPod(ix, template));
            }
        }
        Observation::LocksAcquired { holder } => match holder_node(run, &holder) {
            Some(Some(ix)) => run.work.push_back(Work::LocksAcquired(ix)),
            Some(None) => run.work.push_back(Work::WorkflowLocksAcquired),
            None => {}
        },
        Observation::LocksWaiting {
            holder,
            lock,
            message,
        } => locks_waiting(run, &holder, lock, message),
        Observation::LocksRefused { holder, message } => {
            if let Some(of) = holder_node(run, &holder) {
                run.work.push_back(Work::LocksRefused(of, message));
            }
        }
        Observation::MemoFound {
            node,
            outputs,
            created,
        } => {
            if let Some(ix) = memo_node(run, &node) {
                run.work.push_back(Work::MemoFound(ix, outputs, created));
            }
        }
        Observation::MemoMissing { node } => {
            if let Some(ix) = memo_node(run, &node) {
                run.work.push_back(Work::MemoMissing(ix));
            }
        }
        Observation::MetricRefused { reason } => run.metric_fault(reason),
        Observation::Asked(command) => run.work.push_back(Work::Asked(Box::new(command))),
    }
}

fn memo_node(run: &Run, id: &str) -> Option<crate::NodeIx> {
    run.find_id(id)
        .filter(|ix| run.at(*ix).stage == Stage::Memo)
}

/// `<ns>/<workflow>` is the workflow itself, `<ns>/<workflow>/<id>` a node of it.
fn holder_node(run: &Run, holder: &str) -> Option<Option<crate::NodeIx>> {
    let mut parts = holder.splitn(3, '/');
    if parts.next() != Some(&*run.namespace) || parts.next() != Some(&*run.name) {
        return None;
    }
    match parts.next() {
        None => Some(None),
        Some(id) => run.find_id(id).map(Some),
    }
}

fn locks_waiting(run: &mut Run, holder: &str, lock: String, message: String) {
    match holder_node(run, holder) {
        Some(Some(ix)) if run.at(ix).stage == Stage::Locking && !run.phase_of(ix).terminal() => {
            let waiting = spec::NodeSynchronizationStatus {
                waiting: Some(lock.clone()),
            };
            if run.node(ix).message.as_deref() != Some(&message) {
                let record = run.edit(ix);
                record.synchronization_status = Some(Box::new(waiting));
                record.message = Some(message.clone());
            }
            run.at_mut(ix).reason = Some(Reason::Lock { lock, message });
        }
        Some(None) if run.flow.stage == FlowStage::Locking => {
            run.flow.phase = spec::WorkflowPhase::Pending;
            run.flow.message = Some(message.clone());
            run.flow.lock_wait = Some(Reason::Lock { lock, message });
            run.flow_changed = true;
        }
        _ => {}
    }
}
