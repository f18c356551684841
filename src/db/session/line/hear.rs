//! What the server answers, and which question it is the answer to.

use std::io;

use postgres_protocol::message::backend::Message;

use super::{Begun, Line, Outcome, Question};
use crate::db::session::failure::Failure;

/// How much a transaction may be told, in bytes of rows. What callers ask for is bounded by the number of objects, which may
/// each have long texts: without this, a few requests could take all of a process's memory.
const MAX_TOLD: usize = 64 << 20;
/// What a row takes beside its values.
const ROW: usize = 64;

impl Line {
    /// Understands what has been read.
    pub(super) fn digest(&mut self) {
        loop {
            match Message::parse(&mut self.input) {
                Ok(Some(message)) => {
                    if let Err(error) = self.hear(message) {
                        return self.close(Failure::lost(&error));
                    }
                    if self.closed.is_some() {
                        return;
                    }
                }
                Ok(None) => return,
                Err(error) => return self.close(Failure::lost(&error)),
            }
        }
    }

    fn hear(&mut self, message: Message) -> io::Result<()> {
        match message {
            Message::DataRow(body) => {
                self.told += body.buffer().len() + ROW;
                if self.told > MAX_TOLD {
                    // Whatever else there is of it is not read: the server notices, and stops.
                    self.close(Failure::too_much());
                    return Ok(());
                }
                self.current()?.rows.push(body);
            }
            Message::CommandComplete(body) => {
                let tag = body.tag()?;
                let count = tag.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0);
                self.answered(Ok(Outcome { count, rolled_back: tag == "ROLLBACK" }))?;
            }
            Message::EmptyQueryResponse => {
                self.answered(Ok(Outcome { count: 0, rolled_back: false }))?;
            }
            Message::RowDescription(body) => {
                let question = self.current()?;
                question.statement.describe(&body)?;
                question.parsing = false;
            }
            Message::NoData => self.current()?.parsing = false,
            Message::ErrorResponse(body) => self.failed(Failure::told(&body)?)?,
            Message::ReadyForQuery(body) => self.packet_ended(body.status())?,
            Message::NoticeResponse(body) => {
                let notice = Failure::told_fields(body.fields())?;
                tracing::debug!(notice = notice.message(), "the database notices");
            }
            // How it stands at the beginning it has said before: this is a change.
            Message::ParameterStatus(body) => {
                self.is_promoted |= body.name()? == "in_hot_standby" && body.value()? == "off"
            }
            Message::BindComplete
            | Message::CloseComplete
            | Message::NotificationResponse(_)
            | Message::ParameterDescription(_)
            | Message::ParseComplete => {}
            _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "a message out of place")),
        }
        Ok(())
    }

    fn current(&mut self) -> io::Result<&mut Question> {
        let nobody = || io::Error::new(io::ErrorKind::InvalidData, "an answer that nobody asked for");
        self.asked.get_mut(self.answering).ok_or_else(nobody)
    }

    /// Notes an answer; true when it was the packet's last. It is handed out with the packet's end: the server, which
    /// works in order, would do nothing sooner for who had it sooner, and so nobody goes on before the server has said how
    /// the transaction stands.
    fn answered(&mut self, outcome: Result<Outcome, Failure>) -> io::Result<bool> {
        let number = self.first + self.answering as u64;
        let question = self.current()?;
        let mut lost = None;
        if let Err(failure) = &outcome {
            question.rows.clear();
            lost = question.left.then(|| failure.clone());
        }
        question.outcome = Some(outcome);
        self.answering += 1;
        self.lost = self.lost.take().or(lost);
        Ok(self.packets.front() == Some(&number))
    }

    fn packet_ended(&mut self, status: u8) -> io::Result<()> {
        let last = self.packets.pop_front();
        if last.map(|last| last + 1) != Some(self.first + self.answering as u64) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a packet that ends out of place"));
        }
        self.status = status;
        // Where BEGIN itself has failed, what would follow is not to run outside of a transaction.
        if status == b'I' {
            self.begun = Begun::No;
        }
        self.ready = self.first + self.answering as u64;
        let told = self.asked.iter_mut().take(self.answering);
        self.woken.extend(told.filter_map(|question| question.waker.take()));
        self.forget_answered();
        Ok(())
    }

    /// The server passes over everything up to the packet's end.
    fn failed(&mut self, failure: Failure) -> io::Result<()> {
        let mut is_asked = false;
        while let Some(question) = self.asked.get(self.answering) {
            is_asked = true;
            let is_unknown = question.parsing || failure.says_statement_is_stale();
            let statement = is_unknown.then(|| question.statement.clone());
            let ends_packet = self.answered(Err(failure.clone()))?;
            if let Some(statement) = statement {
                self.forget(&statement);
            }
            if ends_packet {
                break;
            }
        }
        if failure.is_fatal() || !is_asked {
            self.close(failure);
        }
        Ok(())
    }

    /// Nothing more will come: whoever waits is told.
    pub(super) fn close(&mut self, failure: Failure) {
        for question in &mut self.asked {
            question.outcome.get_or_insert_with(|| Err(failure.clone()));
            self.woken.extend(question.waker.take());
        }
        self.answering = self.asked.len();
        self.ready = self.first + self.answering as u64;
        self.packets.clear();
        self.closed = Some(failure);
        self.forget_answered();
    }
}
