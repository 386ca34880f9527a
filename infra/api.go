package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2authorizers"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2integrations"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
)

// The paths that functions answer. Each takes every method, because a function says 405 with Allow where the gateway would say 404, and answers preflights for
// the shop at hand. A path that stands nowhere here reaches no function.
var (
	collectPaths = []string{
		"/sk.js",
		"/v1/t", "/v1/i", "/v1/p", "/v1/g", "/v1/a", "/v1/s", "/v1/b",
		"/v1/track", "/v1/identify", "/v1/page", "/v1/screen", "/v1/group", "/v1/alias", "/v1/batch",
		"/beacon/v1/batch", "/pixel/v1/track", "/pixel/v1/page", "/sourceConfig", "/v1/projects/{key}/settings",
		"/v1/consent", "/v1/me", "/v1/me/export", "/v1/reset",
		"/v1/openapi.json",
	}
	recommendPaths = []string{
		"/v1/front-page", "/v1/offers", "/v1/recommendations", "/v1/recommendations:batch", "/v1/items/{id}/similar", "/v1/items/{id}/bought-together",
	}
	preferencePaths = []string{"/c/{token}", "/o/{token}", "/p/unsubscribe/{token}", "/p/preferences/{token}", "/p/newsletter", "/p/confirm/{token}", "/p/erase/{token}"}
	// Staff's pages and the admin API are many, and the function answers what is none of them.
	consolePaths = []string{"/console", "/console/{page+}", "/admin/v1/{path+}"}
	tokenPath    = "/console/token" // where a token is given for a session
)

// accessLog is one line per request. It names the route, never the address asked for, nor who asked: those are personal data.
const accessLog = `{"at":"$context.requestTime","requestId":"$context.requestId","route":"$context.routeKey","status":"$context.status",` +
	`"ms":"$context.responseLatency","integrationMs":"$context.integrationLatency","bytes":"$context.responseLength","error":"$context.integrationErrorMessage"}`

func newAPI(scope constructs.Construct, stage Stage) awsapigatewayv2.HttpApi {
	api := awsapigatewayv2.NewHttpApi(scope, str("api"), &awsapigatewayv2.HttpApiProps{
		ApiName:            stage.id("api"),
		Description:        str("What browsers, SDKs and the shop's own servers call"),
		CreateDefaultStage: no,
	})
	logs := awslogs.NewLogGroup(scope, str("access"), &awslogs.LogGroupProps{Retention: stage.LogRetention, RemovalPolicy: stage.removal()})
	front := awsapigatewayv2.NewHttpStage(scope, str("default"), &awsapigatewayv2.HttpStageProps{
		HttpApi:    api,
		StageName:  str("$default"),
		AutoDeploy: yes,
		Throttle:   &awsapigatewayv2.ThrottleSettings{RateLimit: num(stage.Rate), BurstLimit: num(stage.Burst)},
	})
	front.Node().DefaultChild().(awsapigatewayv2.CfnStage).SetAccessLogSettings(&awsapigatewayv2.CfnStage_AccessLogSettingsProperty{
		DestinationArn: logs.LogGroupArn(),
		Format:         str(accessLog),
	})
	awscdk.NewCfnOutput(scope, str("ApiId"), &awscdk.CfnOutputProps{Value: api.ApiId()})
	awscdk.NewCfnOutput(scope, str("ApiUrl"), &awscdk.CfnOutputProps{Value: api.ApiEndpoint(), Description: str("apiHost of the snippet and the SDKs")})
	return api
}

// doors are the functions behind the API.
type doors struct{ collect, recommend, preferences, console Function }

// routes leads each path to its function. Where an identity provider is named, the admin API takes its tokens alone, and one path of the console gives a session for a token.
func routes(scope constructs.Construct, api awsapigatewayv2.HttpApi, stage Stage, d doors) {
	route(api, d.collect, collectPaths, nil)
	route(api, d.recommend, recommendPaths, nil)
	route(api, d.preferences, preferencePaths, nil)
	var tokens awsapigatewayv2.IHttpRouteAuthorizer
	if stage.Issuer != "" {
		tokens = awsapigatewayv2authorizers.NewHttpJwtAuthorizer(str("staff"), &stage.Issuer, &awsapigatewayv2authorizers.HttpJwtAuthorizerProps{JwtAudience: strs(stage.Audience)})
		route(api, d.console, []string{tokenPath}, tokens)
	}
	route(api, d.console, consolePaths[:2], nil)
	route(api, d.console, consolePaths[2:], tokens)
	if stage.Emulated {
		routeSlash(api, d.collect, "/sourceConfig")
	}
}

// route gives the function one permission for the whole API: one per path would outgrow its policy.
func route(api awsapigatewayv2.HttpApi, f Function, paths []string, who awsapigatewayv2.IHttpRouteAuthorizer) {
	id := f.Name + paths[0]
	to := awsapigatewayv2integrations.NewHttpLambdaIntegration(&id, f.Live, &awsapigatewayv2integrations.HttpLambdaIntegrationProps{
		PayloadFormatVersion:   awsapigatewayv2.PayloadFormatVersion_VERSION_2_0(),
		ScopePermissionToRoute: no,
	})
	for _, p := range paths {
		api.AddRoutes(&awsapigatewayv2.AddRoutesOptions{Path: &p, Methods: &[]awsapigatewayv2.HttpMethod{awsapigatewayv2.HttpMethod_ANY}, Integration: to, Authorizer: who})
	}
}

// routeSlash adds the path with a slash at its end. AWS refuses such a route and sends those calls to the bare one; the emulator tells them apart. RudderStack's browser SDK ends a path so.
func routeSlash(api awsapigatewayv2.HttpApi, f Function, path string) {
	to := awsapigatewayv2integrations.NewHttpLambdaIntegration(str(f.Name+"-slash"), f.Live, &awsapigatewayv2integrations.HttpLambdaIntegrationProps{
		PayloadFormatVersion:   awsapigatewayv2.PayloadFormatVersion_VERSION_2_0(),
		ScopePermissionToRoute: no,
	})
	made := api.AddRoutes(&awsapigatewayv2.AddRoutesOptions{Path: str(path + "/index"), Methods: &[]awsapigatewayv2.HttpMethod{awsapigatewayv2.HttpMethod_ANY}, Integration: to})
	(*made)[0].Node().DefaultChild().(awsapigatewayv2.CfnRoute).SetRouteKey(str("ANY " + path + "/")) // the CDK's own check forbids it before the emulator could allow it
}
