/* Written by make_sigv4_vectors.py with botocore. Signed at 20250222T030325Z; presigned ones are good for 3600 seconds. */
static const struct vector vectors[] = {
    {"a DynamoDB put", "dynamodb", "POST",
     "/",
     "Host: localhost:8000\r\n"
     "Content-Type: application/x-amz-json-1.0\r\n"
     "X-Amz-Target: DynamoDB_20120810.PutItem\r\n"
     "X-Amz-Date: 20250222T030325Z\r\n"
     "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250222/eu-central-1/dynamodb/aws4_request, S"
     "ignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=7e06675fd380f3b84585eea9ae9e90ceb9a"
     "d522c6d3a7c6d7833da9cf9b48100\r\n"
     "Content-Length: 17\r\n",
     "{\"TableName\":\"t\"}"},
    {"an empty body", "dynamodb", "POST",
     "/",
     "Host: localhost:8000\r\n"
     "Content-Type: application/x-amz-json-1.0\r\n"
     "X-Amz-Target: DynamoDB_20120810.PutItem\r\n"
     "X-Amz-Date: 20250222T030325Z\r\n"
     "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250222/eu-central-1/dynamodb/aws4_request, S"
     "ignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=cbe9c7a371cab523b17f6f64dc5361a070e"
     "3aabbaf39555a748bc1883b81faf7\r\n"
     "Content-Length: 0\r\n",
     ""},
    {"a session token", "dynamodb", "POST",
     "/",
     "Host: localhost:8000\r\n"
     "Content-Type: application/x-amz-json-1.0\r\n"
     "X-Amz-Target: DynamoDB_20120810.PutItem\r\n"
     "X-Amz-Date: 20250222T030325Z\r\n"
     "X-Amz-Security-Token: tok/en+==\r\n"
     "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250222/eu-central-1/dynamodb/aws4_request, S"
     "ignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=980896df5115d7"
     "85ea2c9194b5ad9b35cba6d3eb9815f7da2a10c49348a451ac\r\n"
     "Content-Length: 2\r\n",
     "{}"},
    {"a Lambda ARN in the path", "lambda", "POST",
     "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af/invocations",
     "Host: localhost:8000\r\n"
     "X-Amz-Date: 20250222T030325Z\r\n"
     "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250222/eu-central-1/lambda/aws4_request, Sig"
     "nedHeaders=host;x-amz-date, Signature=8d732d1b78db5e78161e6007d89e106534f0b85068160144178c069cf240a63"
     "f\r\n"
     "Content-Length: 2\r\n",
     "{}"},
    {"query parameters out of order", "lambda", "GET",
     "/2015-03-31/functions/?b=2&a=1&B=3&a=0",
     "Host: localhost:8000\r\n"
     "X-Amz-Date: 20250222T030325Z\r\n"
     "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250222/eu-central-1/lambda/aws4_request, Sig"
     "nedHeaders=host;x-amz-date, Signature=d02c3ab2128acbfd3791310ca43d93b6c174b8d88435db497381a9d6d6db2a9"
     "b\r\n",
     ""},
    {"parameters with signs", "lambda", "GET",
     "/x?name=a%20b%2Fc%3D%C3%A9&empty=&tilde=~-_.",
     "Host: localhost:8000\r\n"
     "X-Amz-Date: 20250222T030325Z\r\n"
     "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250222/eu-central-1/lambda/aws4_request, Sig"
     "nedHeaders=host;x-amz-date, Signature=de46e64657c21af2e1e3a93525fc404bbe717797d24eeefb875b9676e35af87"
     "4\r\n",
     ""},
    {"a flag without equals sign", "lambda", "GET",
     "/x?flag=&other=1",
     "Host: localhost:8000\r\n"
     "X-Amz-Date: 20250222T030325Z\r\n"
     "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250222/eu-central-1/lambda/aws4_request, Sig"
     "nedHeaders=host;x-amz-date, Signature=fd5b49c738f785e5cade215af1e726b93e11113f1f04fb12e9de2fb004ee2c9"
     "5\r\n",
     ""},
    {"a parameter that begins another", "lambda", "GET",
     "/x?ab=1&a=2&a-b=3&a.b=4",
     "Host: localhost:8000\r\n"
     "X-Amz-Date: 20250222T030325Z\r\n"
     "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250222/eu-central-1/lambda/aws4_request, Sig"
     "nedHeaders=host;x-amz-date, Signature=7dc3260ee3bc83e1e5abe99afe9e44de2b90c2e0d09527411ca009ba4a39746"
     "9\r\n",
     ""},
    {"spaces in a header", "lambda", "GET",
     "/",
     "Host: localhost:8000\r\n"
     "X-Amz-Client-Context: a   b  c\r\n"
     "X-Amz-Date: 20250222T030325Z\r\n"
     "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250222/eu-central-1/lambda/aws4_request, Sig"
     "nedHeaders=host;x-amz-client-context;x-amz-date, Signature=134b836f7c4ed4df73cf718b57524a97e7ae7faf6c"
     "78f63067888f9d92ff5c4a\r\n",
     ""},
    {"dots and double slashes in the path", "lambda", "GET",
     "/a/./b//c/../d/",
     "Host: localhost:8000\r\n"
     "X-Amz-Date: 20250222T030325Z\r\n"
     "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250222/eu-central-1/lambda/aws4_request, Sig"
     "nedHeaders=host;x-amz-date, Signature=0d37f4a267e562ac5378e78d31a792453dde9ae5b8a84af202bf3be1a3053df"
     "7\r\n",
     ""},
    {"a space and a percent sign in the path", "lambda", "GET",
     "/a%20b/100%25",
     "Host: localhost:8000\r\n"
     "X-Amz-Date: 20250222T030325Z\r\n"
     "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250222/eu-central-1/lambda/aws4_request, Sig"
     "nedHeaders=host;x-amz-date, Signature=afde3f7858e8d8e91fdf8f28cb397a6dc0bcb8b763746b5f6531757daee89ca"
     "8\r\n",
     ""},
    {"an object of S3", "s3", "PUT",
     "/bucket/a%20b/c%2Bd/./e",
     "Host: localhost:8000\r\n"
     "X-Amz-Date: 20250222T030325Z\r\n"
     "X-Amz-Content-SHA256: 2958d416d08aa5a472d7b509036cb7eafd542add84527e66a145ea64cb4cdc75\r\n"
     "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250222/eu-central-1/s3/aws4_request, SignedH"
     "eaders=host;x-amz-content-sha256;x-amz-date, Signature=5c5f333d3e4c253b87199aea8d32c605da0f5fe989ca49"
     "112680b73976ea3c45\r\n"
     "Content-Length: 6\r\n",
     "object"},
    {"a path of UTF-8 in S3", "s3", "GET",
     "/bucket/%C3%A9~x?prefix=a%2F&delimiter=%2F",
     "Host: localhost:8000\r\n"
     "X-Amz-Date: 20250222T030325Z\r\n"
     "X-Amz-Content-SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\r\n"
     "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250222/eu-central-1/s3/aws4_request, SignedH"
     "eaders=host;x-amz-content-sha256;x-amz-date, Signature=6c428c527d1997358e1960ae8f0479fcb26ac16eaa62c6"
     "329ae62ae9c78b94cf\r\n",
     ""},
    {"a presigned GET", "lambda", "GET",
     "/2015-03-31/functions/f?Qualifier=%24LATEST&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXA"
     "MPLE%2F20250222%2Feu-central-1%2Flambda%2Faws4_request&X-Amz-Date=20250222T030325Z&X-Amz-Expires=3600"
     "&X-Amz-SignedHeaders=host&X-Amz-Signature=99440ed9b8718bb07e439779ca9a97a7e575b8197bed7b04b0a3cb1943a"
     "82398",
     "Host: localhost:8000\r\n",
     ""},
    {"a presigned GET with a session", "lambda", "GET",
     "/x?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20250222%2Feu-central-1%2Flambda%2"
     "Faws4_request&X-Amz-Date=20250222T030325Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Security-"
     "Token=tok%2Fen%2B%3D%3D&X-Amz-Signature=027d0721eebd2b4053621f1c5ca7b87335f2b0230f364365f7f960e299f43"
     "9c4",
     "Host: localhost:8000\r\n",
     ""},
    {"a presigned object of S3", "s3", "GET",
     "/bucket/a%20b?versionId=1&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20250222%2F"
     "eu-central-1%2Fs3%2Faws4_request&X-Amz-Date=20250222T030325Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=h"
     "ost&X-Amz-Signature=13b3f4ebfb83652632c211997c5c7c15f90a57e06c62280b10353f38a9bad996",
     "Host: localhost:8000\r\n",
     ""},
    {"a presigned upload to S3", "s3", "PUT",
     "/bucket/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20250222%2Feu-central-1%2"
     "Fs3%2Faws4_request&X-Amz-Date=20250222T030325Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Sign"
     "ature=4751eaa0e473b88e32ecee9dff2a1fd07cd1d1d8d26d419867bb5f3e197a888e",
     "Host: localhost:8000\r\n"
     "Content-Length: 0\r\n",
     "any body"},
};
