-- A: numbers, version seen, model. Body: {number, facts, representation} each.
return pack({items_of(A[1], A[2], A[4], A[3])})
