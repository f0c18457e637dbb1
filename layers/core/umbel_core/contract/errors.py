"""Every error code: what it means, and the status with which the API answers it."""

from typing import NamedTuple


class ErrorKind(NamedTuple):
    """One code. `of_task` codes are found in tasks and jobs; they are no answer to a request."""

    status: int
    meaning: str
    of_task: bool = False


ERRORS: dict[str, ErrorKind] = {
    "bad_request": ErrorKind(400, "The request was refused before the API read it."),
    "invalid_json": ErrorKind(400, "The body is not JSON."),
    "invalid_body": ErrorKind(400, "A field of the body is missing, unknown or of the wrong type."),
    "invalid_manifest": ErrorKind(400, "A field of the body that starts a job is missing, unknown or of a wrong type."),
    "invalid_query": ErrorKind(400, "A query parameter is unknown or has a wrong value."),
    "invalid_limit": ErrorKind(400, "`limit` is not a whole number from 1 up."),
    "invalid_status": ErrorKind(400, "`status` is not one of the statuses."),
    "invalid_kind": ErrorKind(400, "`kind` is not one of the kinds of jobs."),
    "invalid_cursor": ErrorKind(400, "The cursor is not one that this list gave."),
    "invalid_params": ErrorKind(400, "A parameter of an op is missing, unknown or out of its bounds."),
    "invalid_input": ErrorKind(400, "The input is not what the op takes."),
    "invalid_payload": ErrorKind(400, "The payload is not what the op takes."),
    "invalid_image_data": ErrorKind(400, "The picture inside the request is not base64."),
    "invalid_concurrency": ErrorKind(400, "The deployment cannot give the op this concurrency."),
    "invalid_url": ErrorKind(400, "The URL cannot be read."),
    "invalid_message": ErrorKind(400, "A WebSocket message has no action, or not the fields that its action needs."),
    "unknown_action": ErrorKind(400, "There is no such WebSocket action."),
    "too_many_topics": ErrorKind(400, "The connection subscribes to 1,000 topics already."),
    "unknown_op": ErrorKind(400, "A task names an op that is not deployed."),
    "unknown_type": ErrorKind(400, "There is no op of this name that POST /tasks takes."),
    "unknown_recipe": ErrorKind(400, "There is no such recipe."),
    "count_mismatch": ErrorKind(400, "`count` differs from the number of visits."),
    "mixed_group": ErrorKind(400, "A group has tasks of two ops."),
    "empty_file": ErrorKind(400, "The file has zero bytes."),
    "which_variant": ErrorKind(400, "The job has several results; name one with `?variant=`."),
    "invalid_idempotency_key": ErrorKind(400, "`Idempotency-Key` is empty, too long or not visible ASCII."),
    "unauthorized": ErrorKind(401, "There is no token, or it is not valid."),
    "forbidden": ErrorKind(403, "The token is a viewer's; this needs an operator's."),
    "not_found": ErrorKind(404, "There is no such route."),
    "no_such_job": ErrorKind(404, "There is no job with this id."),
    "no_such_task": ErrorKind(404, "There is no task with this id."),
    "no_such_op": ErrorKind(404, "There is no op of this name."),
    "no_result": ErrorKind(404, "There is no such result, or it is not made yet."),
    "method_not_allowed": ErrorKind(405, "The route does not take this method."),
    "conflict": ErrorKind(409, "No task of the job failed or was skipped, so there is nothing to retry."),
    "idempotency_key_reused": ErrorKind(409, "Another request was sent with this `Idempotency-Key` within a day."),
    "already_ended": ErrorKind(409, "The job has ended, so it cannot be cancelled."),
    "being_changed": ErrorKind(409, "The lane is being changed; try again in a moment."),
    "account_limit": ErrorKind(409, "The AWS account cannot reserve this concurrency."),
    "too_large": ErrorKind(413, "The request, the file or the page is larger than the limit."),
    "too_many_tasks": ErrorKind(413, "The job has more tasks than `max_tasks`."),
    "input_too_large": ErrorKind(413, "A task's input and parameters take more than 32 kB as JSON."),
    "needs_more_memory": ErrorKind(413, "The result takes more memory than its worker has.", of_task=True),
    "result_too_large": ErrorKind(
        413, "The result is larger than `max_bytes`, the limit of pixels, its format or an answer allows."
    ),
    "unsupported_format": ErrorKind(415, "The file is of a format that is not taken."),
    "svg_refused": ErrorKind(415, "SVG is not taken, because it can carry scripts."),
    "unsupported_media_type": ErrorKind(415, "The request's content type is not taken."),
    "throttled": ErrorKind(429, "Too many requests; try again in a moment."),
    "internal_error": ErrorKind(500, "Something failed on the side of Umbel; try again."),
    "not_a_picture": ErrorKind(400, "The file is not a picture.", of_task=True),
    "broken_picture": ErrorKind(400, "The picture is damaged.", of_task=True),
    "truncated_picture": ErrorKind(400, "The picture's file ends too early.", of_task=True),
    "too_many_pixels": ErrorKind(
        400, "The picture has more pixels than `max_pixels`, or than its format may have.", of_task=True
    ),
    "crop_outside": ErrorKind(400, "The crop is not inside the picture.", of_task=True),
    "too_large_numbers": ErrorKind(400, "The sum is too large for a number.", of_task=True),
    "no_such_picture": ErrorKind(404, "There is no picture under this key or URL.", of_task=True),
    "superseded": ErrorKind(409, "The object was replaced or removed before the task ran.", of_task=True),
    "archived_object": ErrorKind(409, "The object is in a storage class that cannot be read at once.", of_task=True),
    "encrypted_object": ErrorKind(409, "The object is encrypted with a key of the uploader's own.", of_task=True),
    "dead_host": ErrorKind(400, "The host is not known or does not take connections.", of_task=True),
    "timed_out": ErrorKind(400, "The host took too long.", of_task=True),
    "tls_failed": ErrorKind(400, "No trusted encrypted connection to the host was possible.", of_task=True),
    "bad_answer": ErrorKind(400, "The host did not answer as a web server.", of_task=True),
    "redirect_loop": ErrorKind(400, "The host redirects too often.", of_task=True),
    "forbidden_address": ErrorKind(400, "The host has an address or port that may not be fetched from.", of_task=True),
    "host_busy": ErrorKind(400, "The host asks to be called later.", of_task=True),
    "robots_disallowed": ErrorKind(400, "The host's `robots.txt` does not allow the page to be fetched.", of_task=True),
    "circuit_open": ErrorKind(400, "The host failed several times in a row and is not asked now.", of_task=True),
    "op_removed": ErrorKind(409, "The op was removed from the deployment before the task ran.", of_task=True),
    "job_expired": ErrorKind(409, "The task waited for longer than the ledger keeps its record.", of_task=True),
    "cancelled": ErrorKind(409, "The job was cancelled before the task ran.", of_task=True),
    "deadline": ErrorKind(409, "The job's deadline passed before the task started.", of_task=True),
    "group_stopped": ErrorKind(409, "A failed task stopped this task's group.", of_task=True),
    "given_up": ErrorKind(500, "The message was received too often without an answer.", of_task=True),
    "result_not_json": ErrorKind(400, "The op's result cannot be written as JSON.", of_task=True),
    "result_not_encoded": ErrorKind(400, "The op's picture cannot be written in the format.", of_task=True),
    "worker_died": ErrorKind(500, "The task stopped its worker three times.", of_task=True),
    "not_planned": ErrorKind(500, "The coordinator could not plan the job.", of_task=True),
}


def status_of(code: str) -> int:
    """The HTTP status for a code; 400 for one that is not in the table (a test keeps it complete)."""
    kind = ERRORS.get(code)
    return kind.status if kind else 400
