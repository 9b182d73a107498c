"""What tests of jobs by the API begin with: a stack, its owner, and somebody else."""

from stack import StackTest

QUICK = {"iterations": 2, "factors": 4}


class Jobs(StackTest):
    """One stack for a class, its owner, and somebody else."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owner = cls.stack.client()
        cls.other = cls.stack.add_user("other@example.com")
        cls.data = str(cls.stack.data)

    def start(self, client=None, **fields):
        return self.stack.start_job(client or self.owner, **fields)["job_id"]

    def done(self, **fields):
        """A job that has completed, whole."""
        job_id = self.start(**({"model_type": "als", **QUICK} | fields))
        job = self.stack.wait_for_job(self.owner, job_id)
        self.assertEqual(job["status"], "completed", job)
        return job

    def assert_problem(self, answer, status, code):
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.type, "application/problem+json", answer)
        self.assertEqual(answer.json()["code"], code, answer)
        return answer.json()

    def fields_of(self, answer):
        return [one["field"] for one in self.assert_problem(answer, 422, "fields")["errors"]]
