//! A node record without its children, which may be ten thousand.

use tiphys_spec::NodeStatus;

/// A copy with an empty list of children.
pub(crate) fn without_children(node: &NodeStatus) -> NodeStatus {
    NodeStatus {
        children: Vec::new(),
        id: node.id.clone(),
        name: node.name.clone(),
        display_name: node.display_name.clone(),
        r#type: node.r#type,
        template_name: node.template_name.clone(),
        template_ref: node.template_ref.clone(),
        template_scope: node.template_scope.clone(),
        phase: node.phase,
        boundary_id: node.boundary_id.clone(),
        message: node.message.clone(),
        started_at: node.started_at.clone(),
        finished_at: node.finished_at.clone(),
        daemoned: node.daemoned,
        estimated_duration: node.estimated_duration,
        failed_pod_restarts: node.failed_pod_restarts,
        host_node_name: node.host_node_name.clone(),
        inputs: node.inputs.clone(),
        memoization_status: node.memoization_status.clone(),
        node_flag: node.node_flag.clone(),
        outbound_nodes: node.outbound_nodes.clone(),
        outputs: node.outputs.clone(),
        pod_ip: node.pod_ip.clone(),
        progress: node.progress.clone(),
        resources_duration: node.resources_duration.clone(),
        restarting_pod_uid: node.restarting_pod_uid.clone(),
        synchronization_status: node.synchronization_status.clone(),
        task_result_synced: node.task_result_synced,
        plugin_call: node.plugin_call.clone(),
    }
}
