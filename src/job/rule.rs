//! What the jobs' mutations refuse.

/// An expected refusal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobRule {
    #[error("there is no such job")]
    NotFound,
    #[error("only a job that has failed or was cancelled can be retried")]
    NotOver,
    #[error("the same is queued already, or is being done")]
    QueuedAlready,
    #[error("the job has ended already")]
    Over,
}

/// Why a job was not retried or cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
#[graphql(name = "JobErrorCode")]
pub enum JobErrorCode {
    /// The id leads to nothing.
    NotFound,
    /// The job is in another state.
    InvalidState,
    /// One that does the same is queued or runs.
    AlreadyQueued,
}

impl JobRule {
    pub fn code(&self) -> JobErrorCode {
        match self {
            Self::NotFound => JobErrorCode::NotFound,
            Self::NotOver | Self::Over => JobErrorCode::InvalidState,
            Self::QueuedAlready => JobErrorCode::AlreadyQueued,
        }
    }
}
