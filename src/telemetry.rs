//! Logs, traces, metrics; the redaction every outgoing word passes.
