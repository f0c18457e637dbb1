"""A photo copied in gives its variants: right, private, in the bucket, the ledger and the API."""
import pytest
pytestmark = pytest.mark.engine
def test_smoke(deployed, upload, job_of, photos):
    upload("uploads/coffee.jpg", photos["coffee.jpg"])
    job = job_of("uploads/coffee.jpg")
    assert job.status == "completed", job
