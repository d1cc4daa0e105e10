#!/bin/sh
# Creates the bucket where it is missing, and waits for the S3 server to answer. Speaks plain S3, so any server will do;
# one that is elsewhere may already have the bucket.
set -eu
: "${S3_ENDPOINT_URL:?}" "${S3_BUCKET_NAME:?}" "${S3_REGION:?}" "${S3_ACCESS_KEY_ID:?}" "${S3_SECRET_ACCESS_KEY:?}"

# The checksum of an empty body, which S3 wants signed.
empty=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855

# The key goes through a configuration on standard input, so that the list of processes does not show it.
request() {
    printf 'user = "%s:%s"\n' "$S3_ACCESS_KEY_ID" "$S3_SECRET_ACCESS_KEY" |
        curl --config - --silent --max-time 10 --output /dev/null --write-out '%{http_code}' \
            --aws-sigv4 "aws:amz:$S3_REGION:s3" --header "x-amz-content-sha256: $empty" \
            "$@" "${S3_ENDPOINT_URL%/}/$S3_BUCKET_NAME" || true
}

attempt=0
while [ "$attempt" -lt 30 ]; do
    attempt=$((attempt + 1))
    status="$(request --head)"
    if [ "$status" = 404 ]; then
        status="$(request --request PUT)"
    fi
    case "$status" in
    200 | 204)
        echo "bucket $S3_BUCKET_NAME is there"
        exit
        ;;
    # No answer yet, or the server is busy.
    000 | 5??) sleep 1 ;;
    *) break ;;
    esac
done
echo "bucket $S3_BUCKET_NAME at $S3_ENDPOINT_URL: status $status" >&2
exit 1
