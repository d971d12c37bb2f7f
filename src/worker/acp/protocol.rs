//! The Agent Client Protocol, version 1: the only file that knows the library for it.
//!
//! This module never decides what the end of a turn is worth.

use std::path::{Component, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use agent_client_protocol::schema::ProtocolVersion;
use agent_client_protocol::v1::ConnectionTo;
use agent_client_protocol::v1::schema::{
    CancelNotification, ContentBlock, Implementation, InitializeRequest, Meta, NewSessionRequest, PermissionOptionKind,
    PromptRequest, PromptResponse, RequestPermissionOutcome, RequestPermissionRequest, RequestPermissionResponse,
    SelectedPermissionOutcome, SessionId, SessionNotification, SessionUpdate, StopReason, TextContent, ToolKind,
};
use agent_client_protocol::{Agent, Client, Error, ErrorCode, Lines};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::super::outcome::tidy;
use super::super::output::Output;
use super::super::process::{Line, span};
use super::conversation::{Conversation, Fault, FaultKind, Step, Stop, Turn};
use super::lines;

/// How long an agent may take to open a session. One that is fetched when it is first started takes a minute.
const READY_LIMIT: Duration = Duration::from_secs(180);

/// Longest quotation of what an agent says went wrong; it is read in a table.
const QUOTED_BYTES: usize = 300;

/// What an agent is to do.
pub(super) struct Errand {
    /// The folder it works in.
    pub(super) folder: PathBuf,
    /// What it is told.
    pub(super) prompt: String,
    /// The folders in which it gets permission to change files.
    pub(super) writable: Vec<PathBuf>,
}

/// Has an agent do one errand. What comes of it is in the conversation then.
pub(super) async fn talk(line: Line, errand: Errand, conversation: Conversation) {
    let Line { stdin, stdout, output, hang_up } = line;
    let transport = Lines::new(lines::outgoing(stdin), lines::incoming(stdout, Arc::clone(&output)));
    let (heard, asked) = (conversation.clone(), conversation.clone());
    let Errand { folder, prompt, writable } = errand;
    let concluded = Notify::new();
    let connection = Client
        .v1()
        .on_receive_notification(
            async move |told: SessionNotification, _connection| {
                hear(&heard, &output, &told.update);
                Ok(())
            },
            agent_client_protocol::on_receive_notification!(),
        )
        .on_receive_request(
            async move |request: RequestPermissionRequest, responder, _connection| {
                responder.respond(RequestPermissionResponse::new(permit(&request, &writable, asked.is_cancelled())))
            },
            agent_client_protocol::on_receive_request!(),
        )
        .connect_with(transport, async |agent: ConnectionTo<Agent>| {
            let turn = turn(&agent, folder, prompt, &hang_up, &conversation).await;
            conversation.conclude(turn);
            concluded.notify_one();
            Ok(())
        });
    tokio::select! {
        ended = connection => if let Err(error) = ended {
            conversation.conclude(Err(fault(conversation.step(), &error)));
        },
        // One that does not read what it is sent would hold up an orderly end.
        () = concluded.notified() => {}
    }
}

/// From the first word to the end of the turn.
async fn turn(
    agent: &ConnectionTo<Agent>,
    folder: PathBuf,
    prompt: String,
    hang_up: &Notify,
    conversation: &Conversation,
) -> Result<Turn, Fault> {
    let ready = timeout(READY_LIMIT, open(agent, folder, conversation));
    let session = tokio::select! {
        session = ready => session.map_err(|_| {
            let message = format!("not answered within {}", span(READY_LIMIT));
            Fault { kind: FaultKind::Silent, step: conversation.step(), message }
        })??,
        () = hang_up.notified() => return Ok(Turn { stop: Stop::Cancelled, tokens: None }),
    };
    conversation.ask(Step::Prompt);
    let prompt = vec![ContentBlock::Text(TextContent::new(prompt))];
    let mut answer = pin!(agent.send_request(PromptRequest::new(session.clone(), prompt)).block_task());
    let answer = tokio::select! {
        answer = &mut answer => answer,
        () = hang_up.notified() => {
            conversation.cancel();
            agent.send_notification(CancelNotification::new(session)).map_err(|error| fault(Step::Prompt, &error))?;
            answer.await
        }
    };
    answer.map(|answer| ended(&answer)).map_err(|error| fault(Step::Prompt, &error))
}

/// Opens a session in the folder.
async fn open(agent: &ConnectionTo<Agent>, folder: PathBuf, conversation: &Conversation) -> Result<SessionId, Fault> {
    let name = Implementation::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    let hello = InitializeRequest::new(ProtocolVersion::V1).client_info(name);
    let answer = agent.send_request(hello).block_task().await.map_err(|error| fault(Step::Initialize, &error))?;
    if answer.protocol_version != ProtocolVersion::V1 {
        let message = format!("it answered with version {}", answer.protocol_version);
        return Err(Fault { kind: FaultKind::Version, step: Step::Initialize, message });
    }
    conversation.ask(Step::NewSession);
    let wanted = NewSessionRequest::new(folder).meta(meta());
    let opened = agent.send_request(wanted).block_task().await.map_err(|error| fault(Step::NewSession, &error))?;
    Ok(opened.session_id)
}

/// What some agents want to be told besides. Others do not look at it.
fn meta() -> Meta {
    // Without this, the one around Claude Code does not start for root.
    let claude = serde_json::json!({ "options": { "allowDangerouslySkipPermissions": false } });
    Meta::from_iter([("claudeCode".to_owned(), claude)])
}

fn ended(answer: &PromptResponse) -> Turn {
    let stop = match answer.stop_reason {
        StopReason::EndTurn => Stop::EndTurn,
        StopReason::MaxTokens => Stop::MaxTokens,
        StopReason::MaxTurnRequests => Stop::MaxRequests,
        StopReason::Refusal => Stop::Refusal,
        StopReason::Cancelled => Stop::Cancelled,
        _later => Stop::Other,
    };
    Turn { stop, tokens: answer.usage.as_ref().map(|usage| usage.total_tokens) }
}

/// Takes what the agent tells while it works. What it says and does is kept as if it had printed it.
fn hear(conversation: &Conversation, output: &Output, update: &SessionUpdate) {
    match update {
        SessionUpdate::AgentMessageChunk(chunk) => {
            if let ContentBlock::Text(text) = &chunk.content {
                let id = chunk.message_id.as_ref().map(|id| &*id.0);
                conversation.hear(id, &text.text);
                output.stdout.push(text.text.as_bytes());
            }
        }
        SessionUpdate::ToolCall(call) => {
            conversation.hear_other();
            output.stdout.push(format!("\n[{}]\n", call.title).as_bytes());
        }
        // They come in between, and end no message.
        SessionUpdate::UsageUpdate(_)
        | SessionUpdate::SessionInfoUpdate(_)
        | SessionUpdate::AvailableCommandsUpdate(_) => {}
        _others => conversation.hear_other(),
    }
}

/// What an agent that asks is told: yes, for this once, unless it says that it would change something elsewhere.
fn permit(request: &RequestPermissionRequest, writable: &[PathBuf], is_cancelled: bool) -> RequestPermissionOutcome {
    if is_cancelled {
        return RequestPermissionOutcome::Cancelled;
    }
    let call = &request.tool_call.fields;
    let changes = matches!(call.kind, Some(ToolKind::Edit | ToolKind::Delete | ToolKind::Move));
    let is_elsewhere = |path: &PathBuf| {
        let climbs = path.components().any(|part| part == Component::ParentDir);
        path.is_absolute() && (climbs || !writable.iter().any(|folder| path.starts_with(folder)))
    };
    let elsewhere = call.locations.iter().flatten().any(|location| is_elsewhere(&location.path));
    let answers = if changes && elsewhere {
        [PermissionOptionKind::RejectOnce, PermissionOptionKind::RejectAlways]
    } else {
        // A session is as long as an attempt, so always is not for long.
        [PermissionOptionKind::AllowOnce, PermissionOptionKind::AllowAlways]
    };
    let chosen = answers.iter().find_map(|kind| request.options.iter().find(|option| option.kind == *kind));
    match chosen {
        Some(option) => RequestPermissionOutcome::Selected(SelectedPermissionOutcome::new(option.option_id.clone())),
        None => RequestPermissionOutcome::Cancelled,
    }
}

/// What to make of an error.
fn fault(step: Step, error: &Error) -> Fault {
    let text = match &error.data {
        Some(data) => format!("{}: {data}", error.message),
        None => error.message.clone(),
    };
    let kind = if agent_client_protocol::is_incoming_transport_closed(error)
        || agent_client_protocol::is_connection_terminated(error)
    {
        FaultKind::Closed
    } else if step == Step::Initialize && error.code == ErrorCode::INVALID_REQUEST && text.contains("protocol version")
    {
        // The library looks at the version itself, and has no code of its own for it.
        FaultKind::Version
    } else if speaks_of_a_quota(&text) {
        FaultKind::Quota
    } else if error.code == ErrorCode::AUTH_REQUIRED {
        FaultKind::SignIn
    } else {
        FaultKind::Other
    };
    let message = match error.data.as_ref().and_then(details) {
        Some(details) => format!("{}: {details}", error.message),
        None => error.message.clone(),
    };
    Fault { kind, step, message: tidy(&message, QUOTED_BYTES) }
}

/// What the data of an error say in words. There is no rule for it; these are where agents have it.
fn details(data: &serde_json::Value) -> Option<&str> {
    let named = ["details", "message", "error"].iter().find_map(|name| data.get(name)?.as_str());
    data.as_str().or(named)
}

/// Whether a message says that more may not be asked for now. There is no code for it.
fn speaks_of_a_quota(text: &str) -> bool {
    let text = text.to_lowercase();
    let words = ["rate limit", "rate_limit", "too many requests", "quota", "usage limit"];
    let numbers = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.iter().any(|word| text.contains(word)) || numbers.into_iter().any(|number| number == "429")
}
