-- A DynamoDB PutItem as an SDK sends it: about 900 bytes of headers, 416 bytes of body.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-amz-json-1.0"
wrk.headers["X-Amz-Target"] = "DynamoDB_20120810.PutItem"
wrk.headers["User-Agent"] = "aws-sdk-js/3.600.0 ua/2.0 os/linux#6.1.0 lang/js md/nodejs#20.11.1 " ..
    "api/dynamodb#3.600.0 m/E app/orders exec-env/AWS_Lambda_nodejs20.x"
wrk.headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20250101/us-east-1/dynamodb/aws4_request, " ..
    "SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-content-sha256;x-amz-date;" ..
    "x-amz-target;x-amz-user-agent, Signature=" .. string.rep("0123456789abcdef", 4)
wrk.headers["X-Amz-Date"] = "20250101T000000Z"
wrk.headers["X-Amz-Content-Sha256"] = string.rep("fedcba9876543210", 4)
wrk.headers["Amz-Sdk-Invocation-Id"] = "4cb4e1fc-6d3a-4d0c-9d0e-0f0f0f0f0f0f"
wrk.headers["Amz-Sdk-Request"] = "attempt=1; max=3"
wrk.headers["Accept-Encoding"] = "identity"
wrk.body = '{"TableName":"orders","Item":{"id":{"S":"' .. string.rep("x", 370) .. '"}}}'
