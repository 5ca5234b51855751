//! Runs template plug-ins.
