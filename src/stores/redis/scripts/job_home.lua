-- Which project a job belongs to. A: id. Body: project, or empty where nobody told yet.
return pack({call('HGET', K.jp, A[1]) or ''})
